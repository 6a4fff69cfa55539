//! InvokeWithResponseStream.

use std::collections::VecDeque;

use api_lambda::types::{
    InvocationType, InvokeResponseStreamUpdate, InvokeWithResponseStreamCompleteEvent, InvokeWithResponseStreamRequest,
    InvokeWithResponseStreamResponse, InvokeWithResponseStreamResponseEvent as Event, LogType,
    ResponseStreamingInvocationType,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::stream;
use kernel::Cx;
use runtime::{Invocation, InvocationError, Outcome, Piece};
use serde_json::Value;
use wire::{ApiError, Events};

use super::invoke::{check_size, client_context, or_nothing};
use crate::access::check_invoke;
use crate::admission::{Call, via};
use crate::error::Error;
use crate::model::name::FunctionRef;
use crate::model::payload;
use crate::service::Shared;
use crate::streamed::{Next, Streamed};

/// What every answer that streams says of itself.
const EVENT_STREAM: &str = "application/vnd.amazon.eventstream";

impl Shared {
    /// Shape: the answer begins with the function's first bytes; each of its writes is a `PayloadChunk`, what a handler
    /// returns whole is one, and `InvokeComplete` ends it. Errors come before the first byte, a function's own at the end.
    /// Source: Lambda API Reference, InvokeWithResponseStream.
    pub async fn invoke_with_response_stream(
        &self,
        cx: &Cx,
        input: InvokeWithResponseStreamRequest,
    ) -> Result<InvokeWithResponseStreamResponse, Error> {
        let payload = input.payload.unwrap_or_default();
        check_size(&payload, &InvocationType::RequestResponse)?;
        let named = FunctionRef::read(&cx.account, &cx.region, &input.function_name, input.qualifier.as_deref())?;
        let function = self.functions.get(&named)?;
        let chance = || self.rng.below(10_000);
        let version = function.routed(named.qualifier.as_deref(), chance);
        let version = version.ok_or_else(|| Error::FunctionNotFound { arn: named.qualified_arn() })?;
        check_invoke(cx, &function, &named, self.clock.now())?;
        let answer = |status: i32, events| InvokeWithResponseStreamResponse {
            status_code: Some(status),
            executed_version: Some(version.version.clone()),
            event_stream: events,
            response_stream_content_type: Some(EVENT_STREAM.to_owned()),
        };
        if input.invocation_type == Some(ResponseStreamingInvocationType::DryRun) {
            return Ok(answer(204, Events::default()));
        }
        payload::check(&payload)?;
        let step = self.step_of(cx, &function);
        self.check_loop(&function, &named, &step)?;
        let (qualifier, request_id) = (named.qualifier.as_deref(), &*cx.request_id);
        let call = Call { function: &function, version, qualifier, request_id, via: via(cx) };
        let admitted = self.admit(&call).map_err(|refusal| Error::Throttled(refusal.throttle))?;
        let spec = self.spec(&function, version).await?;
        let invocation = Invocation {
            request_id: cx.request_id.to_string(),
            payload: or_nothing(payload),
            invoked_arn: named.qualified_arn(),
            client_context: client_context(input.client_context.as_deref())?,
            cognito_identity: None,
            trace_header: Some(step.header),
            tail: input.log_type == Some(LogType::Tail),
            stream: None,
        };
        let mut streamed = self.run_streamed(spec, invocation, admitted);
        let first = streamed.next().await?;
        if let Next::End(outcome) = first {
            return Ok(answer(200, whole(*outcome)?));
        }
        Ok(answer(200, events(first, streamed)))
    }
}

/// The events of an answer that was there at once.
fn whole(outcome: Outcome) -> Result<Events<Event>, Error> {
    let mut events: Vec<Result<Event, ApiError>> = Vec::new();
    let (rest, end) = ended(outcome)?;
    events.extend(rest.map(|bytes| Ok(chunk(bytes))));
    events.push(Ok(end));
    Ok(Events(Box::pin(stream::iter(events))))
}

/// What still is to be told of an answer.
struct Untold {
    events: VecDeque<Result<Event, ApiError>>,
    /// `None` when its end has been read.
    streamed: Option<Streamed>,
}

fn events(first: Next, streamed: Streamed) -> Events<Event> {
    let mut untold = Untold { events: VecDeque::new(), streamed: Some(streamed) };
    untold.take(Ok(first));
    Events(Box::pin(stream::unfold(untold, |mut untold| async move {
        while untold.events.is_empty() {
            let next = untold.streamed.as_mut()?.next().await;
            untold.take(next);
        }
        let event = untold.events.pop_front()?;
        Some((event, untold))
    })))
}

impl Untold {
    fn take(&mut self, next: Result<Next, Error>) {
        match next {
            Ok(Next::Piece(Piece::Began { .. })) => {}
            Ok(Next::Piece(Piece::Bytes(bytes))) => self.events.push_back(Ok(chunk(bytes))),
            Ok(Next::End(outcome)) => {
                self.streamed = None;
                match ended(*outcome) {
                    Ok((rest, end)) => self.events.extend(rest.map(chunk).into_iter().chain([end]).map(Ok)),
                    Err(error) => self.events.push_back(Err(error.into())),
                }
            }
            Err(error) => {
                self.streamed = None;
                self.events.push_back(Err(error.into()));
            }
        }
    }
}

fn chunk(bytes: Bytes) -> Event {
    Event::PayloadChunk(InvokeResponseStreamUpdate { payload: Some(bytes) })
}

/// What a handler returned whole, and the last event. Errors: the function could not be run.
///
/// The code of a function's error is its type, its details are what Invoke answers.
fn ended(outcome: Outcome) -> Result<(Option<Bytes>, Event), Error> {
    let mut end = InvokeWithResponseStreamCompleteEvent {
        log_result: outcome.log_tail.map(|tail| STANDARD.encode(tail)),
        ..InvokeWithResponseStreamCompleteEvent::default()
    };
    let rest = match outcome.result {
        Ok(payload) => Some(payload).filter(|payload| !payload.is_empty()),
        Err(InvocationError::Function(payload)) => {
            let told: Option<Value> = serde_json::from_slice(&payload).ok();
            let kind = told.as_ref().and_then(|told| told.get("errorType")?.as_str());
            end.error_code = Some(kind.unwrap_or("Unhandled").to_owned());
            end.error_details = Some(String::from_utf8_lossy(&payload).into_owned());
            None
        }
        Err(InvocationError::Environment(error)) => return Err(error.into()),
    };
    Ok((rest, Event::InvokeComplete(end)))
}
