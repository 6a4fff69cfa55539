//! The root key that a strict server leaves for its user's own commands.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use auth::sigv4::Credentials;
use serde_json::{Value, json};

fn path(state: &Path) -> PathBuf {
    state.join("root-key.json")
}

/// The root key that the first strict start has left for this user's own commands.
pub fn stored(state: &Path) -> Option<Credentials> {
    let key: Value = serde_json::from_slice(&fs::read(path(state)).ok()?).ok()?;
    Some(Credentials {
        access_key_id: key["access_key_id"].as_str()?.to_owned(),
        secret_access_key: key["secret_access_key"].as_str()?.to_owned(),
        session_token: None,
    })
}

/// Keeps a root key, readable by its user alone.
pub fn store(state: &Path, access_key_id: &str, secret_access_key: &str) -> std::io::Result<PathBuf> {
    fs::create_dir_all(state)?;
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path(state))?;
    let key = json!({ "access_key_id": access_key_id, "secret_access_key": secret_access_key });
    file.write_all(key.to_string().as_bytes())?;
    file.sync_all()?;
    Ok(path(state))
}
