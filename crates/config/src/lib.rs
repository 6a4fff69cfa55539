//! Flags > environment > file > default → one checked struct. The only reader of the environment.
#![allow(clippy::disallowed_methods)] // This is the room that reads the environment.

mod environment;
mod file;
mod up;

pub use environment::Environment;
pub use up::{ConfigError, Durability, Settings, UpArgs};
