use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

use kernel::Clock;

use crate::clock::SimClock;

/// What happened, a line each with its time. The same seed gives the same bytes.
#[derive(Clone)]
pub struct Trace {
    clock: SimClock,
    lines: Arc<Mutex<String>>,
}

impl Trace {
    pub(crate) fn new(clock: SimClock) -> Self {
        Self { clock, lines: Arc::default() }
    }

    pub fn say(&self, what: std::fmt::Arguments<'_>) {
        let at = self.clock.monotonic();
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        // Writing to a string does not fail.
        let _ = writeln!(lines, "{:>10}.{:06} {what}", at.as_secs(), at.subsec_micros());
    }

    pub fn text(&self) -> String {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
