//! One file per subject; AWS's operations are named in each.

mod attributes;
mod batches;
mod listing;
mod move_tasks;
mod permissions;
mod queues;
mod receive;
mod send;
mod settle;
mod tags;
