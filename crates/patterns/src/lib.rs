//! The event pattern language of event source filters, SNS and EventBridge.
//!
//! What does not belong here: where an event comes from and what happens to one that matches.

mod address;
mod dialect;
pub mod fuzz;
pub mod limits;
mod malformed;
mod matcher;
mod number;
mod parse;
mod pattern;
mod scan;
mod wildcard;

pub use dialect::Dialect;
pub use malformed::{Malformed, Place};
pub use pattern::Pattern;
