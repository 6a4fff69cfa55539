//! Which scripts there are, and whose folder is trusted without being named.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Where LocalStack looks.
const WELL_KNOWN: &str = "/etc/localstack/init";
/// Write permission of group and others.
const WRITABLE_BY_OTHERS: u32 = 0o022;
/// Scripts of all stages.
const SCRIPTS_MAX: usize = 1000;
/// Folders below a stage's folder that are looked into. Units: levels.
const DEPTH_MAX: usize = 8;

/// LocalStack's own folder, if it is there and nobody but its user and root can have put scripts into it. A folder of the
/// working directory is never taken by itself: `gureum up` in somebody's repository must not run what lies there.
pub fn well_known() -> Option<PathBuf> {
    trusted(Path::new(WELL_KNOWN)).then(|| PathBuf::from(WELL_KNOWN))
}

/// Whether everything in `path` belongs to this user or root, and no one else may write there.
fn trusted(path: &Path) -> bool {
    fn mine(found: &Metadata) -> bool {
        let owner = found.uid();
        let ours = owner == 0 || owner == rustix::process::geteuid().as_raw();
        ours && (found.is_symlink() || found.mode() & WRITABLE_BY_OTHERS == 0)
    }
    fn all(path: &Path, depth: usize) -> io::Result<bool> {
        if depth > DEPTH_MAX || !mine(&fs::symlink_metadata(path)?) || !mine(&fs::metadata(path)?) {
            return Ok(false);
        }
        if fs::metadata(path)?.is_dir() {
            for entry in fs::read_dir(path)? {
                if !all(&entry?.path(), depth + 1)? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
    all(path, 0).unwrap_or(false)
}

/// The `.sh` and `.py` files of a stage's folder in the order in which they run: those of a folder by name, then those of
/// the folders in it. A folder that is not there has none.
pub fn scripts(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    match collect(folder, 0, &mut found) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
        Ok(()) => Ok(found),
    }
}

fn collect(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.map(|entry| entry.map(|e| e.path())).collect::<io::Result<Vec<_>>>()?;
    entries.sort();
    let (folders, files): (Vec<_>, Vec<_>) = entries.into_iter().partition(|path| path.is_dir());
    let is_script = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "sh" || extension == "py");
    found.extend(files.into_iter().filter(is_script));
    if found.len() > SCRIPTS_MAX {
        return Err(io::Error::other(format!("more than {SCRIPTS_MAX} init scripts")));
    }
    for folder in folders.iter().filter(|_| depth < DEPTH_MAX) {
        collect(folder, depth + 1, found)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn scripts_run_by_name_and_a_folders_own_before_those_below() {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in [("20-b.sh", ""), ("10-a.py", ""), ("sub/00.sh", ""), ("notes.txt", ""), ("30.sh", "")] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let found = scripts(folder.path()).unwrap();
        let names: Vec<_> =
            found.iter().map(|path| path.strip_prefix(folder.path()).unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["10-a.py", "20-b.sh", "30.sh", "sub/00.sh"]);
        assert!(scripts(&folder.path().join("none")).unwrap().is_empty());
    }

    #[test]
    fn a_folder_that_others_can_write_is_not_trusted() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("ready.d/a.sh");
        fs::create_dir(script.parent().unwrap()).unwrap();
        fs::write(&script, "").unwrap();
        let allow = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        allow(&script, 0o755);
        assert!(trusted(folder.path()));
        allow(&script, 0o777);
        assert!(!trusted(folder.path()));
        allow(&script, 0o755);
        allow(script.parent().unwrap(), 0o775);
        assert!(!trusted(folder.path()));
        assert!(!trusted(&folder.path().join("none")));
    }
}
