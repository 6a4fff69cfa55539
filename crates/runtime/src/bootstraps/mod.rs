//! The few lines of ours that stand between AWS's runtime clients and the private channel.

/// Starts the Node.js client; lies beside it as `bootstrap.mjs`.
pub const NODEJS: &str = include_str!("nodejs.mjs");
/// Starts the Python client; lies beside it as `bootstrap.py`.
pub const PYTHON: &str = include_str!("python.py");
/// The Python client and what it needs, each with the hashes of its published files.
pub const PYTHON_REQUIREMENTS: &str = include_str!("python-requirements.txt");
