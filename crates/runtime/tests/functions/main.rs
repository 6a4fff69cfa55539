//! Real functions through the engine: real interpreters, AWS's own runtime clients.
#![allow(clippy::disallowed_methods, reason = "tests look at real time and the user's PATH")]

mod kept;
mod layers;
mod lifecycle;
mod nodejs;
mod provided;
mod python;
mod streams;
mod world;
