//! The few lines of ours that stand between AWS's runtime clients and the private channel.

use std::path::Path;
use std::{fs, io};

use sha2::{Digest, Sha256};

/// Leads connections of a Node.js process to AWS's names to `GUREUM_TURN` (`ip:port`), whatever the process runs: what
/// functions start with, and a `--require` preload for programs outside. Needs no other file.
pub const TURN_NODEJS: &str = include_str!("turn.cjs");
/// The same for a Python process; `turn.install()` does it.
const TURN_PYTHON: &str = include_str!("turn.py");

/// What starts the Node.js client; the file that starts comes last.
pub(crate) const NODEJS: [(&str, &str); 2] = [("turn.cjs", TURN_NODEJS), ("bootstrap.mjs", include_str!("nodejs.mjs"))];
/// What starts the Python client; the file that starts comes last.
pub(crate) const PYTHON: [(&str, &str); 2] = [("turn.py", TURN_PYTHON), ("bootstrap.py", include_str!("python.py"))];
/// The Python client and what it needs, each with the hashes of its published files.
pub(crate) const PYTHON_REQUIREMENTS: &str = include_str!("python-requirements.txt");

/// Lays a bootstrap's files into a folder beside its runtime client unless they are there, and answers the path, from the
/// client's folder on, of the file that starts. The folder's name holds a hash of them all: two versions of the server may
/// share one folder of clients.
pub(crate) fn lay(client: &Path, files: &[(&str, &str)]) -> io::Result<String> {
    let mut all = Sha256::new();
    for (name, text) in files {
        all.update(name);
        all.update(text);
    }
    let hash: String = all.finalize().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let folder = client.join(format!("bootstrap-{hash}"));
    fs::create_dir_all(&folder)?;
    for (name, text) in files {
        let path = folder.join(name);
        if !fs::read_to_string(&path).is_ok_and(|there| there == *text) {
            let fresh = folder.join(format!("{name}.{}.new", std::process::id()));
            fs::write(&fresh, text)?;
            fs::rename(&fresh, path)?;
        }
    }
    let start = files.last().map(|(name, _)| *name).unwrap_or_default();
    Ok(format!("bootstrap-{hash}/{start}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_that_are_turned_are_those_of_the_kernel() {
        for suffix in kernel::AWS_SUFFIXES {
            assert!(TURN_NODEJS.contains(&format!("'{suffix}'")), "{suffix}");
            assert!(TURN_PYTHON.contains(&format!("\"{suffix}\"")), "{suffix}");
        }
    }
}
