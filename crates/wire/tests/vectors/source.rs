//! Where the vectors come from: botocore's source distribution (Apache-2.0), pinned by hash, kept in the user's cache.

use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

const NAME: &str = "botocore-1.44.5";
const SHA256: &str = "a988f39e3a4484def0b8010f41128f71157da0515a4804fccce4739aa8f216da";

/// The folder `tests/unit/protocols` of the distribution, fetched when it is not there yet. `cargo xtask facts` keeps its
/// copy in the same place.
pub fn folder() -> PathBuf {
    let cache = cache();
    let folder = cache.join(NAME).join("tests/unit/protocols");
    if !folder.is_dir() {
        fetch(&cache);
    }
    assert!(folder.is_dir(), "{} has no protocol vectors; delete it", cache.join(NAME).display());
    folder
}

#[allow(clippy::disallowed_methods)] // A test finds the user's cache folder as every tool does.
fn cache() -> PathBuf {
    let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || PathBuf::from(std::env::var_os("HOME").expect("HOME or XDG_CACHE_HOME must be set")).join(".cache");
    base.unwrap_or_else(home).join("gureum")
}

fn fetch(cache: &Path) {
    std::fs::create_dir_all(cache).expect("the cache folder can be made");
    let archive = cache.join(format!("{NAME}.tar.gz"));
    if !archive.is_file() {
        let arguments = ["-m", "pip", "download", "--no-deps", "--no-binary", "botocore", "botocore==1.44.5", "--dest"];
        let status = Command::new("python3").args(arguments).arg(cache).status();
        assert!(
            status.is_ok_and(|status| status.success()) && archive.is_file(),
            "the protocol vectors are not cached and could not be fetched: `python3 -m pip download --no-deps \
             --no-binary botocore botocore==1.44.5 --dest {}` must work once, with a network",
            cache.display()
        );
    }
    let bytes = std::fs::read(&archive).expect("the archive can be read");
    let hash = hex::encode(Sha256::digest(&bytes));
    assert_eq!(hash, SHA256, "{} is not the pinned distribution; delete it", archive.display());
    // Unpacked aside and moved in whole, so that no run ever sees half of it.
    let aside = cache.join(format!("unpacking-{}", std::process::id()));
    std::fs::create_dir_all(&aside).expect("the cache folder can be written");
    let status = Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(&aside).status();
    assert!(status.is_ok_and(|status| status.success()), "{} could not be unpacked", archive.display());
    // Another run may have been faster; its folder is as good.
    let _ = std::fs::rename(aside.join(NAME), cache.join(NAME));
    let _ = std::fs::remove_dir_all(&aside);
}
