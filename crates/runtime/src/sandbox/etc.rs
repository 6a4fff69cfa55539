//! The /etc that functions see: nothing of the host's but what the linker, the links of the system's programs and the
//! names of services are made of.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::namespaces::{FunctionNetwork, INSIDE_GID, INSIDE_UID};
use super::network::PLATFORM;

/// Taken from the host as they are, where they are there.
const COPIED: [&str; 3] = ["ld.so.cache", "services", "protocols"];
/// The same, where the function shares the host's network and so its names.
const COPIED_WITH_NETWORK: [&str; 2] = ["hosts", "resolv.conf"];

/// One folder for all functions of a server, made when the first one starts.
pub struct Etc {
    folder: PathBuf,
    network: FunctionNetwork,
    is_laid: Mutex<bool>,
}

impl Etc {
    pub fn new(folder: PathBuf, network: FunctionNetwork) -> Self {
        Self { folder, network, is_laid: Mutex::default() }
    }

    /// The folder, laid. Blocks.
    pub fn folder(&self) -> io::Result<&Path> {
        let mut is_laid = self.is_laid.lock().unwrap_or_else(PoisonError::into_inner);
        if !*is_laid {
            self.lay()?;
            *is_laid = true;
        }
        Ok(&self.folder)
    }

    fn lay(&self) -> io::Result<()> {
        let _ = fs::remove_dir_all(&self.folder);
        fs::create_dir_all(&self.folder)?;
        for (name, text) in files() {
            fs::write(self.folder.join(name), text)?;
        }
        let copied = COPIED.iter().chain(match self.network {
            FunctionNetwork::Host => COPIED_WITH_NETWORK.iter(),
            FunctionNetwork::None => [].iter(),
        });
        for name in copied {
            if let Ok(text) = fs::read(Path::new("/etc").join(name)) {
                fs::write(self.folder.join(name), text)?;
            }
        }
        symlink("/usr/share/zoneinfo/UTC", self.folder.join("localtime"))?;
        self.alternatives()
    }

    /// Where programs of the system's lead by way of /etc.
    fn alternatives(&self) -> io::Result<()> {
        let Ok(entries) = fs::read_dir("/etc/alternatives") else { return Ok(()) };
        let folder = self.folder.join("alternatives");
        fs::create_dir(&folder)?;
        for entry in entries.flatten() {
            if let Ok(to) = fs::read_link(entry.path()) {
                symlink(to, folder.join(entry.file_name()))?;
            }
        }
        Ok(())
    }
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
