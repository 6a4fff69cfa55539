use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};

use futures_util::Stream;

use crate::{ApiError, BoxFuture, Cx, Doc, Model, OperationId};

/// A service as the edge sees it: a model, and one door for every operation. Generated `Server<T>` implements it.
pub trait Service: Send + Sync + 'static {
    fn model(&self) -> &'static Model;

    /// Runs an operation on an input that has been decoded and validated by the model.
    fn call<'a>(&'a self, operation: OperationId, cx: &'a Cx, input: Doc) -> BoxFuture<'a, Result<Answer, ApiError>>;
}

/// What an operation answers: the output's members, and its events when it has an event stream.
pub struct Answer {
    pub output: Doc,
    pub events: Option<Events<Doc>>,
}

impl Answer {
    pub fn of(output: impl crate::Shaped) -> Self {
        Self { output: output.into_slot().unwrap_or_else(|| Doc::empty(0)), events: None }
    }

    pub fn with_events(output: impl crate::Shaped, events: Events<Doc>) -> Self {
        Self { events: Some(events), ..Self::of(output) }
    }
}

/// A service's client before and after it is bound: services call each other in cycles, so every client is made first and
/// bound when its service exists. Whoever has bound it lets go of the service again, or the cycle keeps all of them.
pub struct Late<T: ?Sized> {
    service: &'static str,
    bound: Arc<RwLock<Option<Arc<T>>>>,
}

impl<T: ?Sized> Clone for Late<T> {
    fn clone(&self) -> Self {
        Self { service: self.service, bound: self.bound.clone() }
    }
}

impl<T: ?Sized> Late<T> {
    pub fn new(service: &'static str) -> Self {
        Self { service, bound: Arc::default() }
    }

    /// A second binding is ignored.
    pub fn bind(&self, service: Arc<T>) {
        self.bound.write().unwrap_or_else(PoisonError::into_inner).get_or_insert(service);
    }

    /// Lets go of the service: calls answer 501 from now on.
    pub fn unbind(&self) {
        self.bound.write().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Errors: 501 when nothing serves the service in this build.
    pub fn get(&self) -> Result<Arc<T>, ApiError> {
        let bound = self.bound.read().unwrap_or_else(PoisonError::into_inner).clone();
        bound.ok_or_else(|| ApiError::not_implemented(self.service, "at all"))
    }
}

/// An event stream: values of a union, until it ends or breaks with a modelled error.
pub struct Events<T>(pub Pin<Box<dyn Stream<Item = Result<T, ApiError>> + Send>>);

impl<T> fmt::Debug for Events<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Events")
    }
}

impl<T: Send + 'static> Default for Events<T> {
    fn default() -> Self {
        Self(Box::pin(futures_util::stream::empty()))
    }
}

impl<T: crate::Shaped + 'static> Events<T> {
    /// The same events as untyped values.
    pub fn into_docs(self) -> Events<Doc> {
        use futures_util::StreamExt;
        Events(Box::pin(self.0.filter_map(|event| {
            std::future::ready(match event {
                Ok(event) => event.into_slot().map(Ok),
                Err(error) => Some(Err(error)),
            })
        })))
    }
}
