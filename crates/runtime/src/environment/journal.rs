//! An environment's log stream, as it is written.

use std::sync::Arc;

use super::Platform;
use crate::contract::{FunctionSpec, LogFormat, LogLine};
use crate::limits::LOG_BATCH_LINES_MAX;
use crate::logs::Tail;
use crate::platform_log::{PlatformEvent, level_of};

pub struct Journal {
    platform: Arc<Platform>,
    spec: Arc<FunctionSpec>,
    pub stream: String,
    pending: Vec<LogLine>,
    tail: Option<Tail>,
}

impl Journal {
    pub fn new(platform: Arc<Platform>, spec: Arc<FunctionSpec>, stream: String) -> Self {
        Self { platform, spec, stream, pending: Vec::new(), tail: None }
    }

    /// What the platform says of itself.
    pub fn platform(&mut self, event: &PlatformEvent<'_>) {
        for line in event.lines(&self.spec, &self.stream, self.platform.clock.wall()) {
            self.line(line);
        }
    }

    /// What the function or its runtime has written, if its level is wanted.
    pub fn written(&mut self, message: String) {
        match self.spec.log_format {
            LogFormat::Json { application, .. } if level_of(&message) < application => {}
            _ => self.line(message),
        }
    }

    pub fn line(&mut self, message: String) {
        if let Some(tail) = &mut self.tail {
            tail.push(&message);
        }
        self.pending.push(LogLine { at: self.platform.clock.wall(), message });
        if self.pending.len() >= LOG_BATCH_LINES_MAX {
            self.flush();
        }
    }

    /// Hands over what has come together.
    pub fn flush(&mut self) {
        if !self.pending.is_empty() {
            self.platform.logs.write(&self.spec, &self.stream, std::mem::take(&mut self.pending));
        }
    }

    /// From here on an invocation's tail is kept, if it is wanted.
    pub fn begin_tail(&mut self, wanted: bool) {
        self.tail = wanted.then(Tail::default);
    }

    pub fn end_tail(&mut self) -> Option<bytes::Bytes> {
        self.tail.take().map(|mut tail| tail.take().into())
    }
}
