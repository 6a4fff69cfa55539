use std::borrow::Cow;
use std::fmt;

use crate::{Doc, ShapeId};

/// What the model says of one error of a service.
#[derive(Debug)]
pub struct ErrorFacts {
    /// The shape's name, which is what JSON protocols call it.
    pub name: &'static str,
    /// The code of awsQuery and restXml, where it differs from the name.
    pub code: &'static str,
    /// The HTTP status; of query-compatible services the one of the query protocol.
    pub status: u16,
    pub fault: Fault,
    pub shape: ShapeId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Client,
    Server,
}

/// An error answer, before any protocol has shaped it.
#[derive(Clone, Debug)]
pub struct ApiError {
    pub facts: Option<&'static ErrorFacts>,
    /// The code where no shape says it: framework errors, validation, codes that AWS answers and its models lack.
    pub code: Cow<'static, str>,
    pub status: u16,
    pub fault: Fault,
    pub message: Option<String>,
    /// Further members of the error's shape, by their names (`Reason`, `retryAfterSeconds`).
    pub members: Vec<(&'static str, Doc)>,
    pub class: ErrorClass,
    /// What JSON protocols call an error that no shape stands for, where it differs from the code.
    pub json_name: Option<&'static str>,
    /// awsQuery: an empty `<Detail/>` follows the message, as SQS writes it.
    pub empty_detail: bool,
}

/// Which namespace stands before the code in `__type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorClass {
    Service,
    Framework,
    Validation,
}

impl ApiError {
    /// An error that the model names.
    pub fn modeled(facts: &'static ErrorFacts, message: impl Into<String>) -> Self {
        Self {
            facts: Some(facts),
            code: Cow::Borrowed(facts.code),
            status: facts.status,
            fault: facts.fault,
            message: Some(message.into()),
            members: Vec::new(),
            class: ErrorClass::Service,
            json_name: None,
            empty_detail: false,
        }
    }

    /// An error that AWS answers although the model has no shape for it.
    pub fn unmodeled(status: u16, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            facts: None,
            code: code.into(),
            status,
            fault: if status < 500 { Fault::Client } else { Fault::Server },
            message: Some(message.into()),
            members: Vec::new(),
            class: ErrorClass::Service,
            json_name: None,
            empty_detail: false,
        }
    }

    /// An error of the framework before any operation: `UnknownOperationException`, `SerializationException`.
    pub fn framework(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { class: ErrorClass::Framework, ..Self::unmodeled(status, code, message) }
    }

    /// A real operation that this build does not serve. 501, never a made-up success.
    pub fn not_implemented(service: &str, operation: &str) -> Self {
        Self::unmodeled(501, "NotImplementedException", format!("gureum does not implement {service} {operation} yet"))
    }

    /// Something broke on our side; the cause goes to the log, not to the client.
    pub fn internal(cause: impl fmt::Display) -> Self {
        tracing::error!(%cause, "internal failure");
        Self::unmodeled(
            500,
            "InternalFailure",
            "The request processing has failed because of an unknown error, exception or failure.",
        )
    }

    /// Adds a member of the error's shape.
    #[must_use]
    pub fn with(mut self, member: &'static str, value: Doc) -> Self {
        self.members.push((member, value));
        self
    }

    /// The name that JSON protocols call the error by.
    pub fn name(&self) -> &str {
        self.facts.map(|facts| facts.name).or(self.json_name).unwrap_or(self.code.as_ref())
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message.as_deref().unwrap_or_default())
    }
}

impl std::error::Error for ApiError {}
