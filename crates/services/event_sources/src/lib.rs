//! Event source mappings: what reads queues and streams for functions.
//!
//! Implements the operations of Lambda that are about mappings; services/lambda hands them on through the generated client.
//! `ops` change a mapping's record and wake its task; `engine` is that task; `source` is what it reads; `model` has the rules.
//! What does not belong here: the filter language (patterns), queues (services/sqs), whether a function may run (services/lambda).

mod access;
mod engine;
mod error;
mod limits;
mod model;
mod ops;
mod present;
mod records;
mod service;
mod source;

pub use service::{Needs, Service};
