//! The few lines of ours that stand between AWS's runtime clients and the private channel.

use std::path::{Path, PathBuf};
use std::{fs, io};

use sha2::{Digest, Sha256};

/// Starts the Node.js client; lies beside it as `bootstrap-HASH.mjs`.
pub(crate) const NODEJS: &str = include_str!("nodejs.mjs");
/// Leads connections of a Node.js process to AWS's names to `GUREUM_TURN` (`ip:port`), whatever the process runs: what
/// functions start with, and a `--require` preload for programs outside. Needs no other file.
pub const TURN_NODEJS: &str = include_str!("turn.cjs");
/// Starts the Python client; lies beside it as `bootstrap-HASH.py`.
pub(crate) const PYTHON: &str = include_str!("python.py");
/// The Python client and what it needs, each with the hashes of its published files.
pub(crate) const PYTHON_REQUIREMENTS: &str = include_str!("python-requirements.txt");

/// Lays a bootstrap beside its runtime client unless it is there, and answers its name. The name holds the text's hash:
/// two versions of the server may share one folder of clients.
pub(crate) fn lay(client: &Path, text: &str, extension: &str) -> io::Result<String> {
    let hash = Sha256::digest(text.as_bytes());
    let name = format!("bootstrap-{:02x}{:02x}{:02x}{:02x}.{extension}", hash[0], hash[1], hash[2], hash[3]);
    let path: PathBuf = client.join(&name);
    if !fs::read_to_string(&path).is_ok_and(|there| there == text) {
        let fresh = path.with_extension(format!("{}.new", std::process::id()));
        fs::write(&fresh, text)?;
        fs::rename(&fresh, path)?;
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_that_are_turned_are_those_of_the_kernel() {
        for suffix in kernel::AWS_SUFFIXES {
            assert!(TURN_NODEJS.contains(&format!("'{suffix}'")), "{suffix}");
        }
    }
}
