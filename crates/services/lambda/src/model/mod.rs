//! Pure rules: names, runtimes, statements, routing, retries, room and pace. No I/O, and the time is an argument.

pub mod layer;
pub mod name;
pub mod pace;
pub mod payload;
pub mod retry;
pub mod room;
pub mod routing;
pub mod runtimes;
pub mod statement;
pub mod trace;
