//! The few lines of ours that stand between AWS's runtime clients and the platform: files that lie beside the client in
//! /var/runtime, by name.

/// Leads connections of a Node.js process to AWS's names to `GUREUM_TURN` (`ip:port`), whatever the process runs: what
/// functions start with, and a `--require` preload for programs outside. Needs no other file.
pub const TURN_NODEJS: &str = include_str!("turn.cjs");
/// The same for a Python process; `turn.install()` does it.
const TURN_PYTHON: &str = include_str!("turn.py");

const TURN: (&str, &str) = ("turn.cjs", TURN_NODEJS);
const START: (&str, &str) = ("start.cjs", include_str!("start.cjs"));
const MODULES: (&str, &str) = ("modules.cjs", include_str!("modules.cjs"));
const CHANNEL: (&str, &str) = ("channel.cjs", include_str!("channel.cjs"));
const RAPID_CLIENT: (&str, &str) = ("rapid-client.cjs", include_str!("rapid-client.cjs"));

/// AWS keeps authorities of its own in this file of Node.js's runtimes; here it leads to the system's roots and ours.
/// Source: Lambda Developer Guide, "Creating an SSL connection" (`NODE_EXTRA_CA_CERTS`).
pub(crate) const NODEJS_LINK: (&str, &str) = ("ca-cert.pem", "/etc/ssl/certs/ca-certificates.crt");

/// Beside AWS's client as one file, which loads them.
pub(crate) const NODEJS: [(&str, &str); 5] = [TURN, START, MODULES, CHANNEL, RAPID_CLIENT];
/// Beside AWS's client as many files.
pub(crate) const NODEJS_14: [(&str, &str); 7] = [
    TURN,
    START,
    MODULES,
    CHANNEL,
    RAPID_CLIENT,
    ("index.js", include_str!("nodejs14/index.js")),
    ("UserFunction.js", include_str!("nodejs14/UserFunction.js")),
];
/// A client of our own.
pub(crate) const NODEJS_8: [(&str, &str); 5] =
    [TURN, START, MODULES, CHANNEL, ("index.js", include_str!("nodejs8/index.js"))];
/// Starts AWS's client for Python.
pub(crate) const PYTHON: [(&str, &str); 2] = [("turn.py", TURN_PYTHON), ("start.py", include_str!("python.py"))];

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
