//! One message, as far as its clients know it.

use std::time::Duration;

/// A point in time on both clocks: the one that orders what happened, and the one that queues go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    pub at: Duration,
    /// Milliseconds.
    pub shown: i64,
}

/// A receive whose outcome nobody knows: it may have hidden messages.
#[derive(Clone, Copy, Debug)]
pub struct Unknown {
    /// When it cannot happen any more, and until when what it took is hidden at most (shown).
    pub ended: i64,
    pub hidden_until: i64,
}

#[derive(Clone, Debug)]
pub struct Receive {
    pub queue: usize,
    pub answered: Moment,
    pub count: u32,
    pub handle: String,
    /// Shown milliseconds until which the message is hidden at least, and at most.
    pub hidden_at_least: i64,
    pub hidden_at_most: i64,
    /// Changes of its visibility that have no answer yet, and whether several were under way: then nobody knows which won.
    pub changing: u32,
    pub contested: bool,
    /// A power cut cannot have taken it back.
    pub sure: bool,
}

/// An accepted send: between these moments, under this id.
#[derive(Clone, Debug)]
pub struct Accepted {
    pub asked: Moment,
    pub answered: Moment,
    pub id: String,
    pub sequence: Option<u128>,
}

#[derive(Clone, Debug)]
pub struct Message {
    pub queue: usize,
    pub group: Option<u64>,
    pub own_delay_s: Option<i64>,
    pub large: bool,
    /// Whether the filter of its queue's mapping lets it through, where there is one.
    pub wanted: Option<bool>,
    pub first_asked: Option<Moment>,
    pub accepted: Option<Accepted>,
    pub receives: Vec<Receive>,
    /// When it was first seen among the dead letters.
    pub buried: Option<Moment>,
    /// Deletions and purges that have no answer yet.
    pub leaving: u32,
    /// Something may have taken it away.
    pub maybe_gone: bool,
    /// From then on nobody may see it.
    pub gone: Option<Moment>,
    /// It may have been let in twice, rightly.
    pub maybe_twice: bool,
    /// Found when the queues were drained.
    pub found: u32,
    /// When its function had succeeded, while nobody else could have it.
    pub handled: Option<Moment>,
}

impl Message {
    pub fn new(queue: usize, group: Option<u64>, own_delay_s: Option<i64>, large: bool) -> Self {
        Self {
            queue,
            group,
            own_delay_s,
            large,
            wanted: None,
            first_asked: None,
            accepted: None,
            receives: Vec::new(),
            buried: None,
            leaving: 0,
            maybe_gone: false,
            gone: None,
            maybe_twice: false,
            found: 0,
            handled: None,
        }
    }

    pub fn may_be_gone(&self) -> bool {
        self.maybe_gone || self.gone.is_some() || self.leaving > 0
    }

    /// The receive of the highest count.
    pub fn latest(&self) -> Option<&Receive> {
        self.receives.iter().max_by_key(|receive| receive.count)
    }

    pub fn by_handle(&mut self, handle: &str) -> Option<&mut Receive> {
        self.receives.iter_mut().find(|receive| receive.handle == handle)
    }
}
