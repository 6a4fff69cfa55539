//! Where a language finds the roots that it trusts.

use std::fs;
use std::path::Path;

/// OpenSSL's folder as Node.js is built: `OPENSSLDIR="/etc/ssl"`. Source: `node -p process.config` and its openssl.gypi.
pub const OPENSSL_ROOTS: &str = "/etc/ssl/certs";

/// Whether a folder holds certificates under their hashes, as OpenSSL looks them up one by one (`5ad8a5d6.0`).
pub fn has_hashed_roots(folder: &Path) -> bool {
    let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    names.into_iter().any(|name| name.to_str().is_some_and(is_hash))
}

fn is_hash(name: &str) -> bool {
    name.strip_suffix(".0").is_some_and(|hash| hash.len() == 8 && hash.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_folder_with_hashed_names_is_one_of_roots() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("ca-certificates.crt"), "").unwrap();
        assert!(!has_hashed_roots(folder.path()));
        assert!(!has_hashed_roots(Path::new("/nowhere")));
        fs::write(folder.path().join("5ad8a5d6.0"), "").unwrap();
        assert!(has_hashed_roots(folder.path()));
    }
}
