//! The service: what every operation shares, and the generated trait's door to the operations.

use std::path::PathBuf;
use std::sync::Arc;

use api_lambda::types::*;
use bytes::Bytes;
use kernel::{BoxFuture, Clock, Cx, PageTokens, Principals, PublicHosts, Rng, id};
use runtime::{Engine, LogSink};
use store::{BlobId, Store, Txn};
use telemetry::{Facts, Meter};
use wire::ApiError;

use crate::code::{Code, CodeDoor, CodeRefused};
use crate::concurrency::Concurrency;
use crate::error::Error;
use crate::events::Events;
use crate::functions::{Function, Functions};
use crate::limits::CONCURRENCY_DEFAULT;
use crate::metrics::Metrics;
use crate::model::name::FunctionRef;
use crate::provisioning::Provisioning;
use crate::readiness::Settling;
use crate::records::{FunctionRecord, Place};
use crate::{recall, tasks};

/// What the service is made of.
pub struct Parts {
    pub store: Store,
    pub engine: Arc<dyn Engine>,
    /// Where the engine writes functions' logs: an event is over when its lines are kept.
    pub logs: Arc<dyn LogSink>,
    pub clock: Arc<dyn Clock>,
    pub rng: Arc<dyn Rng>,
    pub principals: Arc<dyn Principals>,
    pub iam: api_iam::Client,
    pub sqs: api_sqs::Client,
    /// Serves what is about event source mappings.
    pub event_sources: api_lambda::Client,
    pub meter: Arc<dyn Meter>,
    pub facts: Arc<dyn Facts>,
    pub settings: Settings,
}

pub struct Settings {
    /// Where packages are unpacked.
    pub code_dir: PathBuf,
    /// Whether unpacked packages are synced to disk: not when the store is in memory.
    pub durable: bool,
    /// Where clients reach this server, for addresses in answers.
    pub base_url: String,
    /// How the addresses of function URLs end.
    pub public_hosts: PublicHosts,
    /// Concurrent executions of an account in a region.
    pub concurrency_limit: u32,
}

impl Settings {
    pub fn new(code_dir: PathBuf, base_url: &str) -> Self {
        Self {
            code_dir,
            durable: true,
            base_url: base_url.to_owned(),
            public_hosts: PublicHosts::Aws,
            concurrency_limit: CONCURRENCY_DEFAULT,
        }
    }
}

/// AWS Lambda. Cheap to clone.
#[derive(Clone)]
pub struct LambdaService {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub store: Store,
    pub engine: Arc<dyn Engine>,
    pub logs: Arc<dyn LogSink>,
    pub clock: Arc<dyn Clock>,
    pub rng: Arc<dyn Rng>,
    pub principals: Arc<dyn Principals>,
    pub iam: api_iam::Client,
    pub sqs: api_sqs::Client,
    pub event_sources: api_lambda::Client,
    pub functions: Functions,
    pub code: Code,
    pub concurrency: Arc<Concurrency>,
    pub metrics: Arc<Metrics>,
    pub facts: Arc<dyn Facts>,
    pub events: Events,
    pub provisioning: Provisioning,
    pub settling: Settling,
    pub page_tokens: PageTokens,
    pub public_hosts: PublicHosts,
}

impl LambdaService {
    /// Reads what was there before: reservations and accepted events. Nothing runs until [`LambdaService::run`].
    pub fn open(parts: Parts) -> Result<Self, Error> {
        let Parts { store, engine, logs, clock, rng, principals, iam, sqs, event_sources, meter, facts, settings } =
            parts;
        let code = Code::new(
            store.clone(),
            clock.clone(),
            rng.clone(),
            settings.code_dir,
            settings.durable,
            settings.base_url,
        )?;
        let shared = Arc::new(Shared {
            functions: Functions::new(store.clone()),
            concurrency: Concurrency::new(settings.concurrency_limit),
            metrics: Metrics::new(meter, clock.clone()),
            facts,
            events: Events::default(),
            provisioning: Provisioning::default(),
            settling: Settling::default(),
            page_tokens: PageTokens::new(store.secret("page-tokens")?),
            public_hosts: settings.public_hosts,
            code,
            store,
            engine,
            logs,
            clock,
            rng,
            principals,
            iam,
            sqs,
            event_sources,
        });
        recall::recall(&shared)?;
        Ok(Self { shared })
    }

    /// Provisions what shall be there, runs accepted events as they become due, and tells metrics. Long-lived: `gureum` starts it as a task and drops it at
    /// the end.
    pub async fn run(&self) {
        self.shared.provision_all();
        let metrics = self.shared.metrics.clone();
        tokio::join!(tasks::run(self.shared.clone()), metrics.run(&self.shared.concurrency));
    }

    /// Hands over the metrics that are still held: before the server ends.
    pub fn flush_metrics(&self) {
        self.shared.metrics.flush();
    }

    /// How many functions there are, in every account and region.
    pub fn functions_stored(&self) -> usize {
        recall::count_functions(&self.shared)
    }

    /// Whether the blob is a package of a function: what a sweep of blobs has to ask.
    pub fn uses_blob(&self, id: &BlobId) -> bool {
        self.shared.code.uses(id)
    }

    /// Accepted events that are waiting or running: nothing is left to do when it is zero.
    pub fn events_open(&self) -> usize {
        self.shared.events.open()
    }
}

impl CodeDoor for LambdaService {
    fn fetch<'a>(&'a self, path_and_query: &'a str) -> BoxFuture<'a, Result<Bytes, CodeRefused>> {
        Box::pin(self.shared.code.fetch(path_and_query))
    }
}

impl Shared {
    /// Reads a name for an operation that only the function's own account may call.
    pub fn named(&self, cx: &Cx, name: &str, qualifier: Option<&str>, action: &str) -> Result<FunctionRef, Error> {
        let named = FunctionRef::read(&cx.account, &cx.region, name, qualifier)?;
        if named.account != cx.account {
            return Err(Error::AccessDenied {
                caller: cx.caller.to_string(),
                action: format!("lambda:{action}"),
                resource: named.qualified_arn(),
            });
        }
        Ok(named)
    }

    /// The function of such an operation. Errors: it does not exist.
    pub fn own(
        &self,
        cx: &Cx,
        name: &str,
        qualifier: Option<&str>,
        action: &str,
    ) -> Result<(FunctionRef, Arc<Function>), Error> {
        let named = self.named(cx, name, qualifier, action)?;
        let function = self.functions.get(&named)?;
        Ok((named, function))
    }

    pub fn uuid(&self) -> String {
        id::uuid(&*self.rng)
    }

    /// Changes what belongs to one function; afterwards it is read anew.
    pub async fn change<T: Send + 'static>(
        &self,
        place: &Place,
        name: &str,
        body: impl FnOnce(&mut Txn) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let done = self.store.transact(body).await;
        self.functions.changed(place, name);
        done
    }
}

/// The function's record inside a transaction. Errors: it does not exist.
pub(crate) fn existing(txn: &Txn, place: &Place, name: &str) -> Result<FunctionRecord, Error> {
    txn.get_record(&place.function(name))?.ok_or_else(|| Error::FunctionNotFound { arn: place.arn(name) })
}

macro_rules! door {
    ($($operation:ident: $input:ty => $output:ty;)*) => {
        impl api_lambda::Lambda for LambdaService {
            $(async fn $operation(&self, cx: &Cx, input: $input) -> Result<$output, ApiError> {
                self.shared.$operation(cx, input).await.map_err(ApiError::from)
            })*
        }
    };
}

door! {
    create_function: CreateFunctionRequest => FunctionConfiguration;
    update_function_code: UpdateFunctionCodeRequest => FunctionConfiguration;
    update_function_configuration: UpdateFunctionConfigurationRequest => FunctionConfiguration;
    get_function: GetFunctionRequest => GetFunctionResponse;
    get_function_configuration: GetFunctionConfigurationRequest => FunctionConfiguration;
    list_functions: ListFunctionsRequest => ListFunctionsResponse;
    delete_function: DeleteFunctionRequest => DeleteFunctionResponse;
    publish_version: PublishVersionRequest => FunctionConfiguration;
    list_versions_by_function: ListVersionsByFunctionRequest => ListVersionsByFunctionResponse;
    create_alias: CreateAliasRequest => AliasConfiguration;
    update_alias: UpdateAliasRequest => AliasConfiguration;
    get_alias: GetAliasRequest => AliasConfiguration;
    list_aliases: ListAliasesRequest => ListAliasesResponse;
    delete_alias: DeleteAliasRequest => DeleteAliasResponse;
    add_permission: AddPermissionRequest => AddPermissionResponse;
    remove_permission: RemovePermissionRequest => RemovePermissionResponse;
    get_policy: GetPolicyRequest => GetPolicyResponse;
    tag_resource: TagResourceRequest => TagResourceResponse;
    untag_resource: UntagResourceRequest => UntagResourceResponse;
    list_tags: ListTagsRequest => ListTagsResponse;
    invoke: InvocationRequest => InvocationResponse;
    invoke_async: InvokeAsyncRequest => InvokeAsyncResponse;
    get_account_settings: GetAccountSettingsRequest => GetAccountSettingsResponse;
    put_function_concurrency: PutFunctionConcurrencyRequest => api_lambda::types::Concurrency;
    get_function_concurrency: GetFunctionConcurrencyRequest => GetFunctionConcurrencyResponse;
    delete_function_concurrency: DeleteFunctionConcurrencyRequest => DeleteFunctionConcurrencyResponse;
    put_provisioned_concurrency_config: PutProvisionedConcurrencyConfigRequest => PutProvisionedConcurrencyConfigResponse;
    get_provisioned_concurrency_config: GetProvisionedConcurrencyConfigRequest => GetProvisionedConcurrencyConfigResponse;
    list_provisioned_concurrency_configs: ListProvisionedConcurrencyConfigsRequest => ListProvisionedConcurrencyConfigsResponse;
    delete_provisioned_concurrency_config: DeleteProvisionedConcurrencyConfigRequest => DeleteProvisionedConcurrencyConfigResponse;
    put_function_event_invoke_config: PutFunctionEventInvokeConfigRequest => FunctionEventInvokeConfig;
    update_function_event_invoke_config: UpdateFunctionEventInvokeConfigRequest => FunctionEventInvokeConfig;
    get_function_event_invoke_config: GetFunctionEventInvokeConfigRequest => FunctionEventInvokeConfig;
    list_function_event_invoke_configs: ListFunctionEventInvokeConfigsRequest => ListFunctionEventInvokeConfigsResponse;
    delete_function_event_invoke_config: DeleteFunctionEventInvokeConfigRequest => DeleteFunctionEventInvokeConfigResponse;
    put_function_recursion_config: PutFunctionRecursionConfigRequest => PutFunctionRecursionConfigResponse;
    get_function_recursion_config: GetFunctionRecursionConfigRequest => GetFunctionRecursionConfigResponse;
    put_runtime_management_config: PutRuntimeManagementConfigRequest => PutRuntimeManagementConfigResponse;
    get_runtime_management_config: GetRuntimeManagementConfigRequest => GetRuntimeManagementConfigResponse;
    invoke_with_response_stream: InvokeWithResponseStreamRequest => InvokeWithResponseStreamResponse;
    create_event_source_mapping: CreateEventSourceMappingRequest => EventSourceMappingConfiguration;
    get_event_source_mapping: GetEventSourceMappingRequest => EventSourceMappingConfiguration;
    update_event_source_mapping: UpdateEventSourceMappingRequest => EventSourceMappingConfiguration;
    delete_event_source_mapping: DeleteEventSourceMappingRequest => EventSourceMappingConfiguration;
    list_event_source_mappings: ListEventSourceMappingsRequest => ListEventSourceMappingsResponse;
    create_function_url_config: CreateFunctionUrlConfigRequest => CreateFunctionUrlConfigResponse;
    get_function_url_config: GetFunctionUrlConfigRequest => GetFunctionUrlConfigResponse;
    update_function_url_config: UpdateFunctionUrlConfigRequest => UpdateFunctionUrlConfigResponse;
    delete_function_url_config: DeleteFunctionUrlConfigRequest => DeleteFunctionUrlConfigResponse;
    list_function_url_configs: ListFunctionUrlConfigsRequest => ListFunctionUrlConfigsResponse;
    publish_layer_version: PublishLayerVersionRequest => PublishLayerVersionResponse;
    get_layer_version: GetLayerVersionRequest => GetLayerVersionResponse;
    get_layer_version_by_arn: GetLayerVersionByArnRequest => GetLayerVersionResponse;
    list_layers: ListLayersRequest => ListLayersResponse;
    list_layer_versions: ListLayerVersionsRequest => ListLayerVersionsResponse;
    delete_layer_version: DeleteLayerVersionRequest => DeleteLayerVersionResponse;
    add_layer_version_permission: AddLayerVersionPermissionRequest => AddLayerVersionPermissionResponse;
    get_layer_version_policy: GetLayerVersionPolicyRequest => GetLayerVersionPolicyResponse;
    remove_layer_version_permission: RemoveLayerVersionPermissionRequest => RemoveLayerVersionPermissionResponse;
    create_code_signing_config: CreateCodeSigningConfigRequest => CreateCodeSigningConfigResponse;
    get_code_signing_config: GetCodeSigningConfigRequest => GetCodeSigningConfigResponse;
    update_code_signing_config: UpdateCodeSigningConfigRequest => UpdateCodeSigningConfigResponse;
    delete_code_signing_config: DeleteCodeSigningConfigRequest => DeleteCodeSigningConfigResponse;
    list_code_signing_configs: ListCodeSigningConfigsRequest => ListCodeSigningConfigsResponse;
    list_functions_by_code_signing_config: ListFunctionsByCodeSigningConfigRequest => ListFunctionsByCodeSigningConfigResponse;
    put_function_code_signing_config: PutFunctionCodeSigningConfigRequest => PutFunctionCodeSigningConfigResponse;
    delete_function_code_signing_config: DeleteFunctionCodeSigningConfigRequest => DeleteFunctionCodeSigningConfigResponse;
    get_function_code_signing_config: GetFunctionCodeSigningConfigRequest => GetFunctionCodeSigningConfigResponse;
}
