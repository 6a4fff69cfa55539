//! One file per family of operations. Whatever changes a record wakes the mapping's task.

mod asked;
mod change;
mod checks;
mod read;
mod tags;
