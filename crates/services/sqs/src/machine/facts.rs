//! What `gureum why` is told: messages that come again, and those that leave for the dead-letter queue. A first receive tells
//! nothing.

use std::sync::Arc;

use kernel::Timestamp;
use store::Effects;
use telemetry::{Fact, Facts, What};

use super::QueueMachine;
use crate::model::attributes::Attributes;
use crate::model::flight::State;
use crate::model::message::{Message, uuid};
use crate::records::QueueId;

/// Who receives, and whom to tell.
pub(crate) struct Receiver {
    pub facts: Arc<dyn Facts>,
    pub request_id: Arc<str>,
    /// The ARN of the principal.
    pub arn: String,
}

impl QueueMachine {
    /// A message is received that was received before. `state` is as the receive before has left it.
    pub(super) fn tell_again(
        &self,
        receiver: &Arc<Receiver>,
        message: &Message,
        state: &State,
        attributes: &Attributes,
        fx: &mut Effects<Self>,
    ) {
        let what = What::Redelivered {
            queue: self.id.name().arn().to_string(),
            receives: state.receives.saturating_add(1),
            visibility_timeout_s: attributes.visibility_seconds,
            since_last_ms: span(state.received_at, fx.now().millis()),
            hidden_ms: span(state.received_at, state.visible_at.min(fx.now().millis())),
            receiver: receiver.arn.clone(),
        };
        self.tell(receiver, message, what, fx);
    }

    pub(super) fn tell_buried(
        &self,
        receiver: &Arc<Receiver>,
        message: &Message,
        state: &State,
        (to, max_receives): (&QueueId, u32),
        attributes: &Attributes,
        fx: &mut Effects<Self>,
    ) {
        let what = What::DeadLettered {
            queue: self.id.name().arn().to_string(),
            dead_letter_queue: to.name().arn().to_string(),
            receives: state.receives,
            max_receives,
            visibility_timeout_s: attributes.visibility_seconds,
            since_first_ms: span(state.first_received, fx.now().millis()),
        };
        self.tell(receiver, message, what, fx);
    }

    /// Once the receive is released: what is taken back has not happened.
    fn tell(&self, receiver: &Arc<Receiver>, message: &Message, what: What, fx: &mut Effects<Self>) {
        let fact = fact(&self.id, fx.now(), &receiver.request_id, message, what);
        let receiver = receiver.clone();
        fx.afterwards(move || receiver.facts.tell(fact));
    }
}

pub(crate) fn fact(queue: &QueueId, at: Timestamp, request_id: &str, message: &Message, what: What) -> Fact {
    let name = queue.name();
    Fact {
        at,
        account: name.account.clone(),
        region: name.region.clone(),
        requests: vec![request_id.to_owned()],
        messages: vec![uuid(&message.id)],
        what,
    }
}

/// Units: milliseconds.
fn span(from: i64, to: i64) -> u64 {
    u64::try_from(to.saturating_sub(from)).unwrap_or(0)
}
