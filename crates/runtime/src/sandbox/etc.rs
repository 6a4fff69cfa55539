//! The /etc that functions see: nothing of the host's but what the linker, the links of the system's programs and the
//! names of services are made of.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::trust;

use super::namespaces::{FunctionNetwork, INSIDE_GID, INSIDE_UID};
use super::network::PLATFORM;

/// Taken from the host as they are, where they are there.
const COPIED: [&str; 3] = ["ld.so.cache", "services", "protocols"];
/// The same, where the function shares the host's network and so its names.
const COPIED_WITH_NETWORK: [&str; 2] = ["hosts", "resolv.conf"];

/// One folder for all functions of a server, made when the first one starts; and one for those that start before the
/// server has an authority for its certificates.
pub struct Etc {
    folder: PathBuf,
    network: FunctionNetwork,
    laid: Mutex<Vec<PathBuf>>,
}

impl Etc {
    pub fn new(folder: PathBuf, network: FunctionNetwork) -> Self {
        Self { folder, network, laid: Mutex::default() }
    }

    /// The folder, laid; `authority` (PEM) is trusted in it besides the system's roots. Blocks.
    pub fn folder(&self, authority: Option<&str>) -> io::Result<PathBuf> {
        let folder = self.folder.join(if authority.is_some() { "trusting" } else { "untrusting" });
        let mut laid = self.laid.lock().unwrap_or_else(PoisonError::into_inner);
        if !laid.contains(&folder) {
            self.lay(&folder)?;
            trust::lay_roots(&folder, Path::new(trust::OPENSSL), authority)?;
            laid.push(folder.clone());
        }
        Ok(folder)
    }

    fn lay(&self, folder: &Path) -> io::Result<()> {
        let _ = fs::remove_dir_all(folder);
        fs::create_dir_all(folder)?;
        for (name, text) in files() {
            fs::write(folder.join(name), text)?;
        }
        let copied = COPIED.iter().chain(match self.network {
            FunctionNetwork::Host => COPIED_WITH_NETWORK.iter(),
            FunctionNetwork::None => [].iter(),
        });
        for name in copied {
            if let Ok(text) = fs::read(Path::new("/etc").join(name)) {
                fs::write(folder.join(name), text)?;
            }
        }
        symlink("/usr/share/zoneinfo/UTC", folder.join("localtime"))?;
        alternatives(folder)
    }
}

/// Where programs of the system's lead by way of /etc.
fn alternatives(folder: &Path) -> io::Result<()> {
    let Ok(entries) = fs::read_dir("/etc/alternatives") else { return Ok(()) };
    let folder = folder.join("alternatives");
    fs::create_dir(&folder)?;
    for entry in entries.flatten() {
        if let Ok(to) = fs::read_link(entry.path()) {
            symlink(to, folder.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// Source: /etc/passwd and `id` as functions see them on AWS.
fn files() -> [(&'static str, String); 5] {
    [
        (
            "passwd",
            format!(
                "root:x:0:0:root:/root:/bin/bash\n\
                 sbx_user1051:x:{INSIDE_UID}:{INSIDE_GID}::/home/sbx_user1051:/sbin/nologin\n"
            ),
        ),
        ("group", "root:x:0:\n".to_owned()),
        ("hosts", "127.0.0.1 localhost\n".to_owned()),
        ("resolv.conf", format!("nameserver {PLATFORM}\n")),
        ("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n".to_owned()),
    ]
}
