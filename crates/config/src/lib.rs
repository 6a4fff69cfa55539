//! Flags > environment > file > default → one checked struct. The only reader of the environment.
#![allow(clippy::disallowed_methods)] // This is the room that reads the environment.

mod durability;
mod environment;
mod error;
mod file;
mod function_network;
mod localstack;
mod up;

pub use durability::Durability;
pub use environment::Environment;
pub use error::ConfigError;
pub use function_network::FunctionNetwork;
pub use localstack::LocalStack;
pub use up::{Settings, UpArgs};
