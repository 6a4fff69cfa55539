use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::cli::Failure;
use crate::text::failures as text;

/// Versions of one file that are kept: commands of before may still read them.
const VERSIONS_MAX: usize = 16;

/// The folder of what the variables name. Files are readable by their user alone and named by their content, so that
/// commands that run at the same time with different settings do not disturb each other.
pub struct Files {
    folder: PathBuf,
}

impl Files {
    pub fn of(state: &Path) -> Self {
        Self { folder: state.join("exec") }
    }

    /// Whether a path that a variable names is one of these.
    pub fn holds(&self, path: &str) -> bool {
        Path::new(path).starts_with(&self.folder)
    }

    /// The path of `STEM-HASH.EXTENSION` with this text.
    pub fn lay(&self, stem: &str, extension: &str, text: &str) -> Result<String, Failure> {
        let hash = &hash(text);
        let path = self.folder.join(format!("{stem}-{hash}.{extension}"));
        if !fs::read_to_string(&path).is_ok_and(|there| there == text) {
            self.write(&path, text).map_err(|cause| Failure::broken(text::cannot_write(path.display()), cause))?;
            self.prune(&format!("{stem}-"));
        }
        Ok(path.to_string_lossy().into_owned())
    }

    fn write(&self, path: &Path, text: &str) -> std::io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let fresh = path.with_extension(format!("{}.new", std::process::id()));
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        file.write_all(text.as_bytes())?;
        fs::rename(fresh, path)
    }

    /// Removes the oldest versions beyond the bound. One that cannot be removed now can be the next time.
    fn prune(&self, prefix: &str) {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut versions: Vec<_> = entries
            .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
            .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
            .collect();
        versions.sort();
        for (_, path) in versions.iter().take(versions.len().saturating_sub(VERSIONS_MAX)) {
            let _ = fs::remove_file(path);
        }
    }
}

/// The first eight bytes of the text's SHA-256.
fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn files_are_private_named_by_their_content_and_bounded() {
        let state = tempfile::tempdir().unwrap();
        let files = Files::of(state.path());
        let first = files.lay("bundle", "pem", "one").unwrap();
        assert_eq!(files.lay("bundle", "pem", "one").unwrap(), first);
        assert!(files.holds(&first) && !files.holds("/etc/hosts"));
        assert_eq!(fs::metadata(&first).unwrap().permissions().mode() & 0o777, 0o600);
        for n in 0..2 * VERSIONS_MAX {
            files.lay("bundle", "pem", &n.to_string()).unwrap();
        }
        assert_eq!(fs::read_dir(state.path().join("exec")).unwrap().count(), VERSIONS_MAX);
    }
}
