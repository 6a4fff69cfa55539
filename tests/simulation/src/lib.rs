//! Histories of the platform: clients at work, faults in between, and what must hold of every answer. One seed decides all.

mod body;
mod calls;
mod client;
mod errands;
mod history;
mod ledger;
mod mappings;
mod metrics;
mod plan;
mod queues;
mod worker;

pub use history::{Failure, History, run};
