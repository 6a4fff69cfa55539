//! What a runtime may say when, and what it means. Pure.
//!
//! Source: Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes".

use bytes::Bytes;

/// What a runtime says.
#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    Next,
    Response { id: String, payload: Payload },
    Error { id: String, payload: Payload },
    InitError { payload: Payload },
}

#[derive(Clone, Debug, PartialEq)]
pub enum Payload {
    Whole(Bytes),
    /// Over `limits::RESPONSE_BYTES_MAX`; not kept.
    TooLarge,
}

/// What a call brings about.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// The runtime waits for an event: its initialization, or what it did after its answer, is over.
    Waiting,
    /// It asks again for what it already waits for.
    StillWaiting,
    Answered(Payload),
    Failed(Payload),
    InitFailed(Payload),
}

/// A call that the runtime may not make now.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    #[error("Invalid request ID")]
    InvalidRequestId,
    #[error("State transition from {from} to {to} failed for runtime. Error: State transition is not allowed")]
    InvalidStateTransition { from: &'static str, to: &'static str },
}

#[derive(Debug, PartialEq)]
enum Phase {
    Started,
    Ready,
    Running(String),
    /// The answer comes piece by piece.
    Streaming(String),
    Answered,
    InitError,
}

/// One runtime process's side of the Runtime API.
#[derive(Debug)]
pub struct RuntimeApi {
    phase: Phase,
}

impl Default for RuntimeApi {
    fn default() -> Self {
        Self { phase: Phase::Started }
    }
}

impl RuntimeApi {
    /// An event goes to the runtime, which waits for one.
    pub fn begin(&mut self, id: &str) {
        debug_assert_eq!(self.phase, Phase::Ready);
        self.phase = Phase::Running(id.to_owned());
    }

    /// The runtime begins to answer piece by piece; the call that ends it is `Response` or `Error`.
    pub fn stream(&mut self, id: &str) -> Result<(), Refusal> {
        match &self.phase {
            Phase::Running(current) if current == id => {
                self.phase = Phase::Streaming(id.to_owned());
                Ok(())
            }
            Phase::Running(_) => Err(Refusal::InvalidRequestId),
            _ => Err(self.refusal("RuntimeInvocationResponse")),
        }
    }

    pub fn call(&mut self, call: Call) -> Result<Effect, Refusal> {
        match call {
            Call::Next => self.next(),
            Call::Response { id, payload } => {
                self.finish(&id, "RuntimeInvocationResponse")?;
                Ok(Effect::Answered(payload))
            }
            Call::Error { id, payload } => {
                self.finish(&id, "RuntimeInvocationErrorResponse")?;
                Ok(Effect::Failed(payload))
            }
            Call::InitError { payload } => match self.phase {
                Phase::Started => {
                    self.phase = Phase::InitError;
                    Ok(Effect::InitFailed(payload))
                }
                _ => Err(self.refusal("RuntimeInitError")),
            },
        }
    }

    fn next(&mut self) -> Result<Effect, Refusal> {
        match self.phase {
            Phase::Started | Phase::Answered => {
                self.phase = Phase::Ready;
                Ok(Effect::Waiting)
            }
            Phase::Ready => Ok(Effect::StillWaiting),
            Phase::Running(_) | Phase::Streaming(_) | Phase::InitError => Err(self.refusal("Ready")),
        }
    }

    fn finish(&mut self, id: &str, to: &'static str) -> Result<(), Refusal> {
        match &self.phase {
            Phase::Running(current) | Phase::Streaming(current) if current == id => {
                self.phase = Phase::Answered;
                Ok(())
            }
            Phase::Running(_) | Phase::Streaming(_) => Err(Refusal::InvalidRequestId),
            _ => Err(self.refusal(to)),
        }
    }

    fn refusal(&self, to: &'static str) -> Refusal {
        let from = match self.phase {
            Phase::Started => "RuntimeStarted",
            Phase::Ready => "Ready",
            Phase::Running(_) => "Running",
            Phase::Streaming(_) => "RuntimeResponding",
            Phase::Answered => "RuntimeResponseSent",
            Phase::InitError => "RuntimeInitError",
        };
        Refusal::InvalidStateTransition { from, to }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(id: &str) -> Call {
        Call::Response { id: id.into(), payload: Payload::Whole(Bytes::new()) }
    }

    fn ready() -> RuntimeApi {
        let mut api = RuntimeApi::default();
        assert_eq!(api.call(Call::Next), Ok(Effect::Waiting));
        api
    }

    #[test]
    fn one_event_is_answered_once() {
        let mut api = ready();
        api.begin("a");
        assert!(matches!(api.call(response("a")), Ok(Effect::Answered(_))));
        assert!(matches!(api.call(response("a")), Err(Refusal::InvalidStateTransition { .. })));
        assert_eq!(api.call(Call::Next), Ok(Effect::Waiting));
    }

    #[test]
    fn an_answer_to_another_event_is_refused() {
        let mut api = ready();
        api.begin("a");
        assert_eq!(api.call(response("b")), Err(Refusal::InvalidRequestId));
        assert!(matches!(api.call(response("a")), Ok(Effect::Answered(_))));
    }

    #[test]
    fn a_streamed_answer_begins_once_and_ends_as_any_other() {
        let mut api = ready();
        api.begin("a");
        assert_eq!(api.stream("b"), Err(Refusal::InvalidRequestId));
        assert_eq!(api.stream("a"), Ok(()));
        assert!(matches!(api.stream("a"), Err(Refusal::InvalidStateTransition { .. })));
        assert!(matches!(api.call(Call::Next), Err(Refusal::InvalidStateTransition { .. })));
        assert!(matches!(api.call(response("a")), Ok(Effect::Answered(_))));
    }

    #[test]
    fn next_during_an_event_is_refused() {
        let mut api = ready();
        api.begin("a");
        assert!(matches!(api.call(Call::Next), Err(Refusal::InvalidStateTransition { from: "Running", .. })));
    }

    #[test]
    fn initialization_fails_only_before_the_first_next() {
        let failed = || Call::InitError { payload: Payload::TooLarge };
        assert_eq!(RuntimeApi::default().call(failed()), Ok(Effect::InitFailed(Payload::TooLarge)));
        assert!(ready().call(failed()).is_err());
    }

    #[test]
    fn asking_twice_is_waiting_once() {
        assert_eq!(ready().call(Call::Next), Ok(Effect::StillWaiting));
    }
}
