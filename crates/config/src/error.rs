use std::net::SocketAddr;
use std::path::PathBuf;

/// A setting that cannot be, with what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read the settings in {path}: {cause}")]
    File { path: PathBuf, cause: String },
    #[error("'{0}' is not an address to listen on: give IP:PORT, e.g. 127.0.0.1:4566")]
    Listen(String),
    #[error("the variable {name} is '{value}', which it cannot be: correct it or unset it")]
    Variable { name: &'static str, value: String },
    #[error("{0}")]
    Account(#[from] kernel::InvalidAccountId),
    #[error("--sandbox-any-key is for loopback only, and {0} is not")]
    SandboxAnyKey(SocketAddr),
    #[error("--url-suffix {0} is no name of this server: give localhost, aws, or a name that --host {0} makes ours")]
    UrlSuffix(String),
    #[error("--account-concurrency must be at least 1")]
    Concurrency,
}
