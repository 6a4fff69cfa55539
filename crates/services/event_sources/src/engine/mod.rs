//! What runs mappings: a task for each, which reads its source and lets batches out.

mod mapping;
mod metrics;
mod reader;
mod ready;
mod run;
mod supervisor;

pub(crate) use supervisor::{Wanted, supervise};
