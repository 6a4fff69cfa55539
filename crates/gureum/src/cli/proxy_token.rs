//! The token by which a server knows the commands of `exec` when they ask its port to lead them to other hosts.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use kernel::Rng;

/// Characters of a token: 160 bits in hexadecimal.
const TOKEN_CHARACTERS: usize = 40;

fn path(state: &Path) -> PathBuf {
    state.join("proxy-token")
}

/// The token of the servers of this state folder. `None` before the first of them has started.
pub fn stored(state: &Path) -> Option<String> {
    let token = fs::read_to_string(path(state)).ok()?;
    let whole = token.len() == TOKEN_CHARACTERS && token.bytes().all(|b| b.is_ascii_hexdigit());
    whole.then_some(token)
}

/// The same, made when it is missing: one for every start, so that what `env` has printed holds after a restart. Readable by
/// its user alone.
pub fn keep(state: &Path, rng: &dyn Rng) -> io::Result<String> {
    if let Some(token) = stored(state) {
        return Ok(token);
    }
    let token = kernel::id::hex_digits(rng, TOKEN_CHARACTERS);
    let beside = state.join(format!("proxy-token.{}", std::process::id()));
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(token.as_bytes())?;
    file.sync_all()?;
    // A half-written one is replaced; of two servers that start at once the first one's stays.
    match fs::hard_link(&beside, path(state)) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && stored(state).is_none() => {
            fs::rename(&beside, path(state))?;
            return Ok(token);
        }
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    fs::remove_file(&beside)?;
    Ok(stored(state).unwrap_or(token))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use kernel::OsRng;

    use super::*;

    #[test]
    fn the_token_is_kept_private_and_outlives_a_start() {
        let state = tempfile::tempdir().unwrap();
        assert_eq!(stored(state.path()), None);
        let token = keep(state.path(), &OsRng).unwrap();
        assert_eq!(keep(state.path(), &OsRng).unwrap(), token);
        assert_eq!(stored(state.path()), Some(token.clone()));
        assert_eq!(fs::metadata(path(state.path())).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(path(state.path()), "half").unwrap();
        assert_ne!(keep(state.path(), &OsRng).unwrap(), token);
        assert_eq!(fs::read_dir(state.path()).unwrap().count(), 1);
    }
}
