//! The rules of log events, pure: where an event stands, what a batch may hold, how events are packed.

pub(crate) mod batch;
pub(crate) mod chunk;
pub(crate) mod merge;
pub(crate) mod position;
