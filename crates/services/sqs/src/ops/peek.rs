//! A look at a queue's messages that changes nothing of them. AWS has no such operation: it is for people and for tests.

use api_sqs::types::Message;
use kernel::Cx;
use store::{Direction, KeyRange};
use wire::ApiError;

use super::receive::{Wanted, show};
use crate::access::{self, Action};
use crate::error::{Error, Result};
use crate::limits::{PEEK_BYTES_MAX, PEEK_MAX};
use crate::machine::{Command, Counts, Out, Seen};
use crate::model::flight::Phase;
use crate::model::name::QueueName;
use crate::records::Place;
use crate::service::{Known, Service};

/// A queue as it stands.
#[derive(Clone, Debug)]
pub struct Look {
    pub name: String,
    pub visible: u64,
    pub in_flight: u64,
    pub delayed: u64,
    /// In the order of sending.
    pub messages: Vec<Peeked>,
    /// Whether there are others behind them.
    pub more: bool,
}

/// A message as its receiver would get it, without a receipt handle.
#[derive(Clone, Debug)]
pub struct Peeked {
    pub message: Message,
    pub standing: Standing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Visible,
    /// Until this time. Units: milliseconds of due time.
    InFlight(i64),
    Delayed(i64),
}

impl Service {
    /// How many queues there are, of all accounts and regions. Zero where the store cannot say: it is for people.
    pub fn queues_stored(&self) -> usize {
        let of_place = |place: &Place| {
            let range = KeyRange::prefix(&place.queues());
            self.store.scan(&range, usize::MAX, Direction::Forward).map_or(0, |page| page.len())
        };
        self.places().map_or(0, |places| places.iter().map(of_place).sum())
    }

    /// The first messages of a queue as they stand: no receive counts up, nothing becomes invisible.
    /// Shape:  `queue` is a name or a URL; at most `most` messages, no more than [`PEEK_MAX`], and no more bodies than make
    ///         up [`PEEK_BYTES_MAX`].
    /// Errors: `QueueDoesNotExist`, `InvalidAddress`, `AccessDenied` (as for `ReceiveMessage`).
    pub async fn peek(&self, cx: &Cx, queue: &str, most: usize) -> Result<Look, ApiError> {
        Ok(self.look(cx, queue, most.min(PEEK_MAX)).await?)
    }

    async fn look(&self, cx: &Cx, queue: &str, most: usize) -> Result<Look> {
        let name = match queue.contains('/') {
            true => QueueName::of_url(queue, &cx.region)?,
            false => QueueName { account: cx.account.clone(), region: cx.region.clone(), name: queue.to_owned() },
        };
        let known = self.known(&name)?;
        access::check(cx, &known, Action::Shared("ReceiveMessage"), self.now())?;
        let counts = match self.call(&known.id, Command::Count).await? {
            Out::Counts(counts) => counts,
            _ => Counts::default(),
        };
        let (mut messages, mut bytes, mut from) = (Vec::new(), 0, Some(0));
        let mut more = false;
        while let Some(number) = from.filter(|_| !more) {
            let Out::Peeked(peeked) = self.call(&known.id, Command::Peek(number)).await? else {
                return Err(Error::Damaged);
            };
            from = peeked.next;
            for seen in peeked.seen {
                if messages.len() >= most || bytes >= PEEK_BYTES_MAX {
                    more = true;
                    break;
                }
                let peeked = self.peeked(&known, seen).await?;
                bytes += peeked.message.body.as_ref().map_or(0, String::len);
                messages.push(peeked);
            }
        }
        let Counts { visible, in_flight, delayed } = counts;
        Ok(Look { name: name.name, visible, in_flight, delayed, messages, more })
    }

    async fn peeked(&self, known: &Known, Seen { delivery, phase }: Seen) -> Result<Peeked> {
        let standing = match phase {
            Phase::InFlight => Standing::InFlight(delivery.state.visible_at),
            Phase::Delayed => Standing::Delayed(delivery.state.visible_at),
            Phase::Ready | Phase::Gone => Standing::Visible,
        };
        let body = self.body(known, &delivery).await?;
        let is_untouched = delivery.state.receives == 0 && delivery.message.moved.is_none();
        let mut shown = show(known, delivery, body, &Wanted::everything());
        if let Some(system) = shown.attributes.as_mut().filter(|_| is_untouched) {
            // Nobody has received it: there is no such time.
            system.remove("ApproximateFirstReceiveTimestamp");
        }
        Ok(Peeked { message: Message { receipt_handle: None, ..shown }, standing })
    }
}
