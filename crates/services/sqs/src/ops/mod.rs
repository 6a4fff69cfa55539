//! One file per subject; AWS's operations are named in each.

mod attributes;
mod batches;
mod listing;
mod move_tasks;
mod peek;
mod permissions;
mod queues;
mod receive;
mod send;
mod settle;
mod tags;

pub use peek::{Look, Peeked, Standing};
