use std::fmt;
use std::pin::Pin;

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
