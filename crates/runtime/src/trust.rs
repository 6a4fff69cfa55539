//! Which roots functions trust: the system's, and the authority that signs our certificates for AWS's names.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

/// OpenSSL's folder as Node.js is built: `OPENSSLDIR="/etc/ssl"`. Source: `node -p process.config` and its openssl.gypi.
pub const OPENSSL: &str = "/etc/ssl";

/// The system's roots in one file, by distribution; the first that is there counts.
const BUNDLES: [&str; 4] =
    ["certs/ca-certificates.crt", "certs/ca-bundle.crt", "ca-bundle.pem", "../pki/tls/certs/ca-bundle.crt"];
/// The name of the one file inside. Read by curl, Go and rustls as Debian builds them.
const BUNDLE: &str = "ca-certificates.crt";

/// Lays `ssl` and `pki` below an /etc: the system's roots and the authority, as a folder by hashes and as one file.
/// There is no /etc/ssl/cert.pem: OpenSSL reads that file whole where it needs one root. `host` is the host's /etc/ssl.
pub fn lay_roots(etc: &Path, host: &Path, authority: Option<&str>) -> io::Result<()> {
    let certs = etc.join("ssl/certs");
    fs::create_dir_all(&certs)?;
    for entry in fs::read_dir(host.join("certs")).into_iter().flatten().flatten() {
        // Commonly links to files that are not seen inside, and some lead nowhere.
        if entry.file_name().to_str().is_some_and(is_hash)
            && let Ok(root) = fs::read(entry.path())
        {
            fs::write(certs.join(entry.file_name()), root)?;
        }
    }
    let mut bundle = BUNDLES.iter().find_map(|name| fs::read_to_string(host.join(name)).ok()).unwrap_or_default();
    if let Some(authority) = authority {
        bundle.push_str(authority);
        if let Some(hash) = subject_hash(authority) {
            fs::write(certs.join(format!("{hash}.0")), authority)?;
        }
    }
    fs::write(certs.join(BUNDLE), bundle)?;
    // The same where Amazon Linux and Fedora have it.
    symlink(BUNDLE, certs.join("ca-bundle.crt"))?;
    fs::create_dir_all(etc.join("pki/tls"))?;
    symlink("/etc/ssl/certs", etc.join("pki/tls/certs"))?;
    symlink(Path::new("certs").join(BUNDLE), etc.join("pki/tls/cert.pem"))
}

/// The hash under which OpenSSL looks a root up: of its subject, each text in lower case and as UTF-8.
/// Source: openssl-rehash(1); X509_NAME_hash, `x509_name_canon`.
fn subject_hash(pem: &str) -> Option<String> {
    let lines = pem.lines().skip_while(|line| !line.starts_with("-----BEGIN CERTIFICATE")).skip(1);
    let base64: String = lines.take_while(|line| !line.starts_with("-----END")).collect();
    let certificate = STANDARD.decode(base64).ok()?;
    let mut signed = Der(Der(Der(&certificate).next(SEQUENCE)?).next(SEQUENCE)?);
    let _version = signed.next(VERSION);
    let (_serial, _algorithm, _issuer, _validity) =
        (signed.next(INTEGER)?, signed.next(SEQUENCE)?, signed.next(SEQUENCE)?, signed.next(SEQUENCE)?);
    let mut subject = Der(signed.next(SEQUENCE)?);
    let mut canonical = Vec::new();
    while let Some(part) = subject.next(SET) {
        let mut part = Der(Der(part).next(SEQUENCE)?);
        let kind = part.next(OBJECT_ID)?;
        let text = [UTF8_STRING, PRINTABLE_STRING].iter().find_map(|tag| part.next(*tag))?;
        let text = std::str::from_utf8(text).ok()?.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        let text = der(UTF8_STRING, text.to_ascii_lowercase().as_bytes())?;
        canonical.extend(der(SET, &der(SEQUENCE, &[der(OBJECT_ID, kind)?, text].concat())?)?);
    }
    let digest = Sha1::digest(&canonical);
    Some(format!("{:08x}", u32::from_le_bytes(digest.first_chunk::<4>().copied()?)))
}

const INTEGER: u8 = 0x02;
const OBJECT_ID: u8 = 0x06;
const UTF8_STRING: u8 = 0x0c;
const PRINTABLE_STRING: u8 = 0x13;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const VERSION: u8 = 0xa0;

/// Values one after another in DER.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The content of the next value, if it has this tag; else nothing is taken.
    fn next(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (first, rest) = self.0.strip_prefix(&[tag])?.split_first()?;
        let (length, rest) = match first {
            short @ 0..=0x7f => (usize::from(*short), rest),
            0x81 => (usize::from(*rest.first()?), rest.get(1..)?),
            0x82 => (usize::from(u16::from_be_bytes(*rest.first_chunk()?)), rest.get(2..)?),
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(content)
    }
}

/// A value of at most 127 bytes.
fn der(tag: u8, content: &[u8]) -> Option<Vec<u8>> {
    let length = u8::try_from(content.len()).ok().filter(|length| *length < 0x80)?;
    Some([&[tag, length], content].concat())
}

/// Whether OpenSSL's folder holds certificates under their hashes, as OpenSSL looks them up one by one (`5ad8a5d6.0`).
pub fn has_hashed_roots(openssl: &Path) -> bool {
    let names = fs::read_dir(openssl.join("certs")).into_iter().flatten().flatten().map(|entry| entry.file_name());
    names.into_iter().any(|name| name.to_str().is_some_and(is_hash))
}

/// `5ad8a5d6.0`; a second root with the same hash ends in 1.
fn is_hash(name: &str) -> bool {
    name.split_once('.').is_some_and(|(hash, number)| {
        hash.len() == 8 && hash.bytes().all(|b| b.is_ascii_hexdigit()) && number.parse::<u8>().is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_folder_with_hashed_names_is_one_of_roots() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("certs")).unwrap();
        fs::write(folder.path().join("certs/ca-certificates.crt"), "").unwrap();
        assert!(!has_hashed_roots(folder.path()));
        assert!(!has_hashed_roots(Path::new("/nowhere")));
        fs::write(folder.path().join("certs/5ad8a5d6.0"), "").unwrap();
        assert!(has_hashed_roots(folder.path()));
    }

    /// As gureum makes them; `openssl x509 -hash` answers 347863a9.
    const AUTHORITY: &str = "-----BEGIN CERTIFICATE-----\n\
        MIICQjCCAeigAwIBAgIQI2gYX9FHj/TJVk5F5RyMnTAKBggqhkjOPQQDAjA0MQ8w\n\
        DQYDVQQKDAZndXJldW0xITAfBgNVBAMMGGd1cmV1bSBsb2NhbCBDQSBkZmQ5YTlm\n\
        MDAeFw0yNjExMjAxNTQyMDlaFw0zNjExMTgxNTQyMDlaMDQxDzANBgNVBAoMBmd1\n\
        cmV1bTEhMB8GA1UEAwwYZ3VyZXVtIGxvY2FsIENBIGRmZDlhOWYwMFkwEwYHKoZI\n\
        zj0CAQYIKoZIzj0DAQcDQgAEFk93WVlUDDdHa7G3Llh2+D6NJ00iX+v/2tFfhgT/\n\
        M2ECaO/GPBk8XxMpBkfxKCdA3p/fOZjrvVKjdrbm3k52oaOB2zCB2DAOBgNVHQ8B\n\
        Af8EBAMCAQYwgZIGA1UdHgEB/wSBhzCBhKCBgTAPgg1hbWF6b25hd3MuY29tMAiC\n\
        Bm9uLmF3czAJggdhcGkuYXdzMByCGmxvY2FsaG9zdC5sb2NhbHN0YWNrLmNsb3Vk\n\
        MAuCCWxvY2FsaG9zdDAKhwh/AAAA/wAAADAihyAAAAAAAAAAAAAAAAAAAAAB////\n\
        /////////////////zAdBgNVHQ4EFgQU39mp8A/nomgE1SCQ68imEjGsWIswEgYD\n\
        VR0TAQH/BAgwBgEB/wIBADAKBggqhkjOPQQDAgNIADBFAiEAwfHji+RahDLFUNjk\n\
        nFu5NsqksMYlYdektv9FzQKiuYUCIFhKdgqWVsPFJ05xR4iEFV1MvXhICafBzYU8\n\
        oINEiCNV\n\
        -----END CERTIFICATE-----\n";

    #[test]
    fn the_hash_of_a_root_is_the_one_of_openssl() {
        assert_eq!(subject_hash(AUTHORITY).as_deref(), Some("347863a9"));
        for wrong in ["", "text", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----", &AUTHORITY[..200]] {
            assert_eq!(subject_hash(wrong), None);
        }
    }

    #[test]
    fn the_systems_roots_and_ours_lie_by_hash_and_in_one_file() {
        let (host, inside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir(host.path().join("certs")).unwrap();
        fs::write(host.path().join("root.pem"), "R").unwrap();
        symlink(host.path().join("root.pem"), host.path().join("certs/5ad8a5d6.1")).unwrap();
        fs::write(host.path().join("certs/private.key"), "secret").unwrap();
        fs::write(host.path().join("certs/ca-certificates.crt"), "roots\n").unwrap();
        lay_roots(inside.path(), host.path(), Some(AUTHORITY)).unwrap();
        let read = |name: &str| fs::read_to_string(inside.path().join("ssl/certs").join(name)).unwrap();
        assert_eq!(read("5ad8a5d6.1"), "R");
        assert_eq!(read("347863a9.0"), AUTHORITY);
        assert_eq!(read("ca-bundle.crt"), format!("roots\n{AUTHORITY}"));
        assert!(!inside.path().join("ssl/certs/private.key").exists());
        assert!(fs::symlink_metadata(inside.path().join("pki/tls/certs")).unwrap().is_symlink());
    }
}
