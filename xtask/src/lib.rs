//! Our tools, in Rust: `cargo xtask COMMAND`.

pub mod facts;
pub mod generate;
