//! The one table from what went wrong to what AWS answers.

use api_lambda::errors as aws;
use store::StoreError;
use wire::{ApiError, Doc};

use crate::limits;

/// What an operation of Lambda can answer instead of success.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the room of event source mappings answered: {0:?}")]
    EventSources(ApiError),
    #[error("function {arn} not found")]
    FunctionNotFound { arn: String },
    #[error("the function of an event invoke configuration does not exist")]
    EventInvokeFunctionNotFound,
    #[error("{arn} has no event invoke configuration")]
    NoEventInvokeConfig { arn: String },
    #[error("alias {arn} not found, when reading it")]
    CannotFindAlias { arn: String },
    #[error("alias {arn} not found, when changing it")]
    AliasNotFound { arn: String },
    #[error("the resource has no policy")]
    NoPolicy,
    #[error("no policy to remove a statement from")]
    NoPolicyAtAll,
    #[error("no statement {sid}")]
    StatementNotFound { sid: String },
    #[error("a URL's function or alias does not exist")]
    UrlFunctionNotFound,
    #[error("no such URL")]
    UrlNotFound,
    #[error("{arn} has a URL")]
    UrlExists { arn: String },
    #[error("no such layer, or version of one")]
    LayerNotFound,
    #[error("layer version {arn} not found, when its policy was asked for")]
    LayerVersionNotFound { arn: String },
    #[error("the revision of the layer version's policy is another")]
    LayerPolicyRevision,
    #[error("{named} is not {here}")]
    WrongRegion { named: String, here: String },
    #[error("{caller} may not {action} {resource}")]
    AccessDenied { caller: String, action: String, resource: String },
    #[error("{caller} may not pass {role}")]
    PassRole { caller: String, role: String },
    #[error("function {name} exists")]
    FunctionExists { name: String },
    #[error("alias {arn} exists")]
    AliasExists { arn: String },
    #[error("code signing configuration {arn} not found, when reading or changing it")]
    CodeSigningMissing { arn: String },
    #[error("code signing configuration {arn} not found, when a function shall have it")]
    CodeSigningNotFound { arn: String },
    #[error("functions have the code signing configuration {arn}")]
    CodeSigningInUse { arn: String },
    #[error("statement {sid} exists")]
    StatementExists { sid: String },
    #[error("aliases {aliases:?} use the version")]
    VersionInUse { aliases: Vec<String> },
    #[error("the revision is another")]
    FunctionRevision,
    #[error("the policy's revision is another")]
    PolicyRevision,
    #[error("the policy would have {bytes} bytes")]
    PolicyTooLong { bytes: usize },
    #[error("there is no room for so much provisioned concurrency: {0}")]
    NoRoomToProvision(String),
    #[error("{0}")]
    Invalid(String),
    /// What the model cannot check, in the model's words.
    #[error("{0}")]
    Constraint(String),
    #[error("the request for {operation} is too big")]
    CodeTooLarge { operation: &'static str },
    #[error("all code of the account is more than allowed")]
    CodeStorageExceeded,
    #[error("a payload of {bytes} bytes")]
    PayloadTooLarge { bytes: usize, invocation_type: &'static str },
    #[error("the payload is no JSON: {0}")]
    PayloadNotJson(String),
    #[error("{0}")]
    InvalidRequest(String),
    #[error("the function was called in a loop")]
    RecursiveLoop,
    #[error("there is no provisioned concurrency configuration")]
    NotProvisioned,
    #[error("{0}")]
    Conflict(&'static str),
    #[error("throttled: {0}")]
    Throttled(Throttle),
    #[error("{0}")]
    RuntimeUnavailable(String),
    #[error("the function's runtime is still being fetched")]
    Pending,
    #[error("{0}")]
    NotRunnable(String),
    #[error("{0} is not served yet")]
    NotServed(String),
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Internal(String),
}

/// Which limit an invocation met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Throttle {
    /// The function's reserved concurrency is used up.
    #[error("reserved concurrency")]
    Reserved,
    /// The account's unreserved concurrency is used up.
    #[error("account concurrency")]
    Account,
    /// The function gets no more environments for now.
    #[error("scaling rate")]
    ScalingRate,
    /// The function has served as many requests in this second as it may.
    #[error("{per_second} requests a second")]
    RequestRate { per_second: u32, reserved: bool },
}

impl Throttle {
    /// `Reason` of TooManyRequestsException. Source: Lambda API Reference, Invoke, and recorded answers; which reason AWS
    /// gives for the scaling rate is not documented.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Reserved => "ReservedFunctionConcurrentInvocationLimitExceeded",
            Self::Account => "ConcurrentInvocationLimitExceeded",
            Self::ScalingRate | Self::RequestRate { reserved: false, .. } => "FunctionInvocationRateLimitExceeded",
            Self::RequestRate { reserved: true, .. } => "ReservedFunctionInvocationRateLimitExceeded",
        }
    }
}

impl Error {
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(message.into())
    }

    /// A value that the model's constraint refuses, in the words that validation uses.
    pub fn constraint(value: &str, place: &str, rule: &str) -> Self {
        Self::Constraint(format!(
            "1 validation error detected: Value '{value}' at '{place}' failed to satisfy constraint: Member must {rule}"
        ))
    }
}

/// `Type` stands in every error of Lambda's own that is the caller's fault.
fn user(error: ApiError) -> ApiError {
    error.with("Type", Doc::Str("User".to_owned()))
}

fn service(error: ApiError) -> ApiError {
    error.with("Type", Doc::Str("Service".to_owned()))
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::EventSources(error) => error,
            Error::FunctionNotFound { arn } => not_found(format!("Function not found: {arn}")),
            Error::EventInvokeFunctionNotFound => not_found("The function doesn't exist."),
            Error::NoEventInvokeConfig { arn } => {
                not_found(format!("The function {arn} doesn't have an EventInvokeConfig"))
            }
            Error::CannotFindAlias { arn } => not_found(format!("Cannot find alias arn: {arn}")),
            Error::AliasNotFound { arn } => not_found(format!("Alias not found: {arn}")),
            Error::UrlFunctionNotFound => not_found("Function does not exist"),
            Error::UrlNotFound => not_found("The resource you requested does not exist."),
            Error::UrlExists { arn } => conflict(format!(
                "Failed to create function url config for [functionArn = {arn}]. Error message:  FunctionUrlConfig \
                 exists for this Lambda function"
            )),
            Error::LayerNotFound => not_found("The resource you requested does not exist."),
            Error::LayerVersionNotFound { arn } => not_found(format!("Layer version {arn} does not exist.")),
            Error::LayerPolicyRevision => user(aws::precondition_failed_exception(
                "The Revision Id provided does not match the latest Revision Id. Call the GetLayerPolicy API to \
                 retrieve the latest Revision Id",
            )),
            Error::NoPolicy => not_found("The resource you requested does not exist."),
            Error::NoPolicyAtAll => not_found("No policy is associated with the given resource."),
            Error::StatementNotFound { sid } => not_found(format!("Statement {sid} is not found in resource policy.")),
            Error::WrongRegion { named, here } => {
                not_found(format!("Functions from '{named}' are not reachable in this region ('{here}')"))
            }
            Error::AccessDenied { caller, action, resource } => Self::unmodeled(
                403,
                "AccessDeniedException",
                format!(
                    "User: {caller} is not authorized to perform: {action} on resource: {resource} because no \
                     resource-based policy allows the {action} action"
                ),
            ),
            Error::PassRole { caller, role } => Self::unmodeled(
                403,
                "AccessDeniedException",
                format!(
                    "User: {caller} is not authorized to perform: iam:PassRole on resource: {role} because no \
                     identity-based policy allows the iam:PassRole action"
                ),
            ),
            Error::FunctionExists { name } => conflict(format!("Function already exist: {name}")),
            Error::AliasExists { arn } => conflict(format!("Alias already exists: {arn}")),
            Error::StatementExists { sid } => conflict(format!(
                "The statement id ({sid}) provided already exists. Please provide a new statement id, or remove the \
                 existing statement."
            )),
            Error::CodeSigningMissing { arn } => {
                not_found(format!("The Lambda code signing configuration {arn} can not be found."))
            }
            Error::CodeSigningNotFound { arn } => user(aws::code_signing_config_not_found_exception(format!(
                "The code signing configuration cannot be found. Check that the provided configuration is not deleted: \
                 {arn}."
            ))),
            Error::CodeSigningInUse { arn } => {
                conflict(format!("The code signing configuration {arn} cannot be deleted while functions use it."))
            }
            Error::VersionInUse { aliases } => conflict(format!(
                "Unable to delete version because the following aliases reference it: [{}]",
                aliases.join(", ")
            )),
            Error::FunctionRevision => user(aws::precondition_failed_exception(
                "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to \
                 retrieve the latest Revision Id",
            )),
            Error::PolicyRevision => user(aws::precondition_failed_exception(
                "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve \
                 the latest Revision Id",
            )),
            Error::PolicyTooLong { bytes } => user(aws::policy_length_exceeded_exception(format!(
                "The final policy size ({bytes}) is bigger than the limit ({}).",
                limits::POLICY_BYTES_MAX
            ))),
            // Without a `Type`, as recorded.
            Error::NoRoomToProvision(message) => aws::invalid_parameter_value_exception(message),
            Error::Invalid(message) => user(aws::invalid_parameter_value_exception(message)),
            Error::Constraint(message) => {
                Self { class: wire::ErrorClass::Validation, ..Self::unmodeled(400, "ValidationException", message) }
            }
            Error::CodeTooLarge { operation } => Self::unmodeled(
                413,
                "RequestEntityTooLargeException",
                format!(
                    "Request must be smaller than {} bytes for the {operation} operation",
                    limits::CODE_REQUEST_BYTES_MAX
                ),
            ),
            Error::CodeStorageExceeded => user(aws::code_storage_exceeded_exception("Code storage limit exceeded.")),
            Error::PayloadTooLarge { bytes, invocation_type: "Event" } => {
                Self::unmodeled(413, "RequestEntityTooLargeException", too_large_event(bytes))
            }
            Error::PayloadTooLarge { .. } => user(aws::request_too_large_exception(format!(
                "Request must be smaller than {} bytes for the InvokeFunction operation",
                limits::SYNC_PAYLOAD_BYTES_MAX
            ))),
            Error::PayloadNotJson(why) => user(aws::invalid_request_content_exception(format!(
                "Could not parse request body into json: Could not parse payload into json: {why}"
            ))),
            Error::InvalidRequest(message) => user(aws::invalid_request_content_exception(message)),
            Error::RecursiveLoop => user(aws::recursive_invocation_exception(
                "Lambda has detected your function being invoked in a recursive loop with other AWS resources and stopped \
                 your function's invocation.",
            )),
            Error::NotProvisioned => user(aws::provisioned_concurrency_config_not_found_exception(
                "No Provisioned Concurrency Config found for this function",
            )),
            Error::Conflict(message) => conflict(message),
            Error::Throttled(throttle) => {
                let refused = user(aws::too_many_requests_exception("Rate Exceeded."))
                    .with("Reason", Doc::Str(throttle.reason().to_owned()));
                match throttle {
                    // Recorded without.
                    Throttle::Reserved => refused,
                    _ => refused.with("retryAfterSeconds", Doc::Str(limits::RETRY_AFTER_S.to_string())),
                }
            }
            Error::RuntimeUnavailable(why) => service(aws::invalid_runtime_exception(why)),
            Error::Pending => conflict(
                "The operation cannot be performed at this time. The function is currently in the following state: Pending",
            ),
            Error::NotRunnable(why) => service(aws::service_exception(why)),
            Error::NotServed(what) => Self::not_implemented("lambda", &what),
            Error::Store(error) => Self::internal(error),
            Error::Internal(cause) => Self::internal(cause),
        }
    }
}

fn not_found(message: impl Into<String>) -> ApiError {
    user(aws::resource_not_found_exception(message))
}

fn conflict(message: impl Into<String>) -> ApiError {
    user(aws::resource_conflict_exception(message))
}

/// Source: what AWS answered to clients in 2024. For RequestResponse the API reference's error counts.
fn too_large_event(bytes: usize) -> String {
    let max = limits::ASYNC_PAYLOAD_BYTES_MAX;
    format!("{bytes} byte payload is too large for the Event invocation type (limit {max} bytes)")
}
