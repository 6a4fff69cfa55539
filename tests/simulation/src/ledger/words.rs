//! What clients and functions say and hear.

use crate::plan::Stance;

/// What a client asks.
#[derive(Clone, Debug)]
pub enum Call {
    Send { queue: usize, messages: Vec<usize> },
    Receive { queue: usize, most: i32, wait_s: i64, visibility_s: Option<i64> },
    Delete { queue: usize, entries: Vec<(usize, String)>, garbage: bool },
    Change { queue: usize, entries: Vec<(usize, String)>, seconds: i64 },
    Purge { queue: usize },
    Redrive { queue: usize },
    Remap { queue: usize, to: Stance },
    Make { queue: usize },
    Drop { queue: usize },
    Invoke { event: usize },
    Count { queue: usize },
}

/// What it was told.
#[derive(Clone, Debug)]
pub enum Answer {
    Sent(Vec<Option<Sending>>),
    Received(Vec<Delivered>),
    /// Which entries were settled.
    Settled(Vec<bool>),
    Counted([i64; 3]),
    Done,
    /// The client's fault: nothing was done.
    Refused(String),
    /// The server's fault.
    Failed,
    /// The client did not wait, or the server was gone.
    Unknown,
    /// The server is there and says nothing.
    Silence,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Sending {
    pub id: String,
    pub sequence: Option<u128>,
}

#[derive(Clone, Debug)]
pub struct Delivered {
    /// The message's number, which its body begins with.
    pub n: Option<usize>,
    pub whole: bool,
    pub id: String,
    pub handle: String,
    pub receives: u32,
    pub sequence: Option<u128>,
}

/// A message as a function gets it.
#[derive(Clone, Debug)]
pub struct Fed {
    pub n: Option<usize>,
    pub id: String,
    pub receives: u32,
    /// Milliseconds.
    pub first_received: Option<i64>,
    pub sequence: Option<u128>,
}
