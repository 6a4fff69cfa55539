//! The local certificate authority: TLS for AWS's names and localhost, and for nothing else.
//!
//! The key lives in the user's state folder, never in the data folder, so neither a snapshot nor `reset` touches it. Name
//! constraints in the certificate hold it to what it is for, even where it is trusted by the whole system.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kernel::{AWS_SUFFIXES, Clock, Rng, Timestamp, strip_aws_suffix};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, PublicKeyData, SanType, SerialNumber,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use crate::limits::LEAVES_MAX;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Validity of the authority. It is made once; `gureum trust` would have to be run again with another.
const AUTHORITY_DAYS: u32 = 3650;
/// Validity of a leaf: below the 398 days that browsers accept.
const LEAF_DAYS: u32 = 397;
/// A leaf that is this close to its end is minted anew.
const LEAF_RENEWAL_DAYS: u32 = 30;

#[derive(Debug, thiserror::Error)]
pub enum CaError {
    #[error("{path}: {cause}")]
    File { path: PathBuf, cause: io::Error },
    #[error("the certificate authority in {path} is not readable ({cause}); remove the folder to make a new one")]
    Unreadable { path: PathBuf, cause: rcgen::Error },
    #[error("cannot make a certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    #[error("cannot set up TLS: {0}")]
    Tls(#[from] rustls::Error),
}

/// The authority, the leaves that it has signed, and the TLS configuration that hands them out.
pub struct CertificateAuthority {
    certificate_pem: String,
    tls: Arc<rustls::ServerConfig>,
}

impl CertificateAuthority {
    /// Opens the authority in `folder`, or makes one there (folder 0700, `ca.key` 0600, `ca.pem`).
    /// Errors: the folder cannot be written, or holds a key that cannot be read.
    pub fn open(folder: &Path, clock: Arc<dyn Clock>, rng: Arc<dyn Rng>) -> Result<Self, CaError> {
        let (key_file, certificate_file) = (folder.join("ca.key"), folder.join("ca.pem"));
        if !key_file.exists() || !certificate_file.exists() {
            let key = KeyPair::generate()?;
            let certificate = authority_params(&key, &clock, &rng).self_signed(&key)?;
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|e| file_error(folder, e))?;
            // The certificate last: while it is missing, the pair is not there and is made again.
            write_private(&key_file, key.serialize_pem().as_bytes(), 0o600)?;
            write_private(&certificate_file, certificate.pem().as_bytes(), 0o644)?;
        }
        fs::set_permissions(&key_file, fs::Permissions::from_mode(0o600)).map_err(|e| file_error(&key_file, e))?;
        let key_pem = fs::read_to_string(&key_file).map_err(|e| file_error(&key_file, e))?;
        let certificate_pem = fs::read_to_string(&certificate_file).map_err(|e| file_error(&certificate_file, e))?;
        let key =
            KeyPair::from_pem(&key_pem).map_err(|cause| CaError::Unreadable { path: folder.to_owned(), cause })?;
        let leaves = Leaves::new(key, clock, rng)?;
        Ok(Self { certificate_pem, tls: Arc::new(server_config(leaves)?) })
    }

    /// The authority's certificate, for `NODE_EXTRA_CA_CERTS`, `AWS_CA_BUNDLE` and trust stores.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    pub(crate) fn tls(&self) -> Arc<rustls::ServerConfig> {
        self.tls.clone()
    }
}

fn file_error(path: &Path, cause: io::Error) -> CaError {
    CaError::File { path: path.to_owned(), cause }
}

/// Written beside and renamed, so that a crash leaves no half a key.
fn write_private(path: &Path, content: &[u8], mode: u32) -> Result<(), CaError> {
    let beside = path.with_extension("new");
    let write = || {
        let _ = fs::remove_file(&beside);
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().map_err(|cause| file_error(path, cause))
}

fn server_config(leaves: Leaves) -> Result<rustls::ServerConfig, CaError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(leaves));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The same name for the same key: a stored key finds its own certificate again without parsing it.
fn authority_name(key: &KeyPair) -> DistinguishedName {
    let digest = Sha256::digest(key.subject_public_key_info());
    let mark: String = digest.iter().take(4).map(|b| format!("{b:02x}")).collect();
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "gureum");
    name.push(DnType::CommonName, format!("gureum local CA {mark}"));
    name
}

fn authority_params(key: &KeyPair, clock: &Arc<dyn Clock>, rng: &Arc<dyn Rng>) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = authority_name(key);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.serial_number = Some(serial(rng));
    (params.not_before, params.not_after) = validity(clock, AUTHORITY_DAYS);
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: AWS_SUFFIXES
            .iter()
            .chain(&["localhost"])
            .map(|name| GeneralSubtree::DnsName((*name).to_owned()))
            .chain([
                GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([127, 0, 0, 0], 8)),
                GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix(Ipv6Addr::LOCALHOST.octets(), 128)),
            ])
            .collect(),
        excluded_subtrees: Vec::new(),
    });
    params
}

fn serial(rng: &Arc<dyn Rng>) -> SerialNumber {
    let mut bytes: [u8; 16] = rng.bytes();
    // Positive, as RFC 5280 4.1.2.2 wants it.
    bytes[0] &= 0x7f;
    SerialNumber::from_slice(&bytes)
}

fn validity(clock: &Arc<dyn Clock>, days: u32) -> (OffsetDateTime, OffsetDateTime) {
    let at = |t: Timestamp| OffsetDateTime::from_unix_timestamp(t.secs()).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    // A day back, for clients whose clock is behind.
    (at(clock.wall() - DAY), at(clock.wall() + DAY * days))
}

/// A name that certificates are minted for: below AWS's suffixes, or localhost.
pub(crate) fn may_mint(name: &str) -> bool {
    let localhost = name.eq_ignore_ascii_case("localhost")
        || name.len() > 10 && name.get(name.len() - 10..).is_some_and(|end| end.eq_ignore_ascii_case(".localhost"));
    let valid = name.len() <= 253
        && name.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        });
    valid && (localhost || strip_aws_suffix(name).is_some())
}

/// Leaves by server name, minted when first asked for. All share one key that is never written down.
struct Leaves {
    issuer: Issuer<'static, KeyPair>,
    key: KeyPair,
    signing_key: Arc<dyn rustls::sign::SigningKey>,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    minted: Mutex<BTreeMap<String, Leaf>>,
}

struct Leaf {
    certified: Arc<CertifiedKey>,
    renew_at: Timestamp,
    used_at: Duration,
}

/// The leaf of clients that name no server, which is all that connect to an address.
const UNNAMED: &str = "";

impl Leaves {
    fn new(authority_key: KeyPair, clock: Arc<dyn Clock>, rng: Arc<dyn Rng>) -> Result<Self, CaError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = authority_name(&authority_key);
        let key = KeyPair::generate()?;
        let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let signing_key = rustls::crypto::ring::sign::any_supported_type(&der)?;
        let issuer = Issuer::new(params, authority_key);
        Ok(Self { issuer, key, signing_key, clock, rng, minted: Mutex::default() })
    }

    fn get(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        let now = self.clock.wall();
        let mut minted = self.minted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(leaf) = minted.get_mut(name).filter(|leaf| now < leaf.renew_at) {
            leaf.used_at = self.clock.monotonic();
            return Some(leaf.certified.clone());
        }
        let certified = match self.mint(name) {
            Ok(certified) => Arc::new(certified),
            Err(error) => {
                tracing::error!(%error, name, "cannot mint a certificate");
                return None;
            }
        };
        while minted.len() >= LEAVES_MAX {
            let oldest = minted.iter().min_by_key(|(_, leaf)| leaf.used_at).map(|(name, _)| name.clone());
            minted.remove(&oldest?);
        }
        let leaf = Leaf {
            certified: certified.clone(),
            renew_at: now + DAY * (LEAF_DAYS - LEAF_RENEWAL_DAYS),
            used_at: self.clock.monotonic(),
        };
        minted.insert(name.to_owned(), leaf);
        Some(certified)
    }

    fn mint(&self, name: &str) -> Result<CertifiedKey, rcgen::Error> {
        let mut params = CertificateParams::default();
        params.subject_alt_names = subject_names(name)?;
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, "gureum");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        params.serial_number = Some(serial(&self.rng));
        (params.not_before, params.not_after) = validity(&self.clock, LEAF_DAYS);
        let certificate = params.signed_by(&self.key, &self.issuer)?;
        let chain = vec![CertificateDer::from(certificate.der().to_vec())];
        Ok(CertifiedKey::new(chain, self.signing_key.clone()))
    }
}

fn subject_names(name: &str) -> Result<Vec<SanType>, rcgen::Error> {
    let mut names = Vec::new();
    if name != UNNAMED {
        names.push(SanType::DnsName(name.try_into()?));
        return Ok(names);
    }
    for default in ["localhost", "localhost.localstack.cloud", "*.localhost.localstack.cloud"] {
        names.push(SanType::DnsName(default.try_into()?));
    }
    names.push(SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)));
    names.push(SanType::IpAddress(IpAddr::V6(Ipv6Addr::LOCALHOST)));
    Ok(names)
}

impl ResolvesServerCert for Leaves {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        match hello.server_name() {
            None => self.get(UNNAMED),
            Some(name) if may_mint(name) => self.get(&name.to_ascii_lowercase()),
            Some(_) => None,
        }
    }
}

impl std::fmt::Debug for Leaves {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Leaves")
    }
}

impl std::fmt::Debug for CertificateAuthority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CertificateAuthority")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{OsRng, RealClock};

    fn open(folder: &Path) -> CertificateAuthority {
        CertificateAuthority::open(folder, Arc::new(RealClock::default()), Arc::new(OsRng)).unwrap()
    }

    #[test]
    fn the_key_is_private_and_the_authority_survives_a_restart() {
        let state = tempfile::tempdir().unwrap();
        let folder = state.path().join("gureum/ca");
        let first = open(&folder).certificate_pem().to_owned();
        assert_eq!(fs::metadata(folder.join("ca.key")).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(open(&folder).certificate_pem(), first);
    }

    #[test]
    fn a_broken_key_is_named_not_replaced() {
        let state = tempfile::tempdir().unwrap();
        open(state.path());
        fs::write(state.path().join("ca.key"), "broken").unwrap();
        let error = CertificateAuthority::open(state.path(), Arc::new(RealClock::default()), Arc::new(OsRng));
        assert!(matches!(error, Err(CaError::Unreadable { .. })));
        assert_eq!(fs::read_to_string(state.path().join("ca.key")).unwrap(), "broken");
    }

    #[test]
    fn certificates_are_minted_for_aws_and_localhost_only() {
        for name in ["sqs.us-east-1.amazonaws.com", "x.lambda-url.eu-west-1.on.aws", "localhost", "b.localhost"] {
            assert!(may_mint(name), "{name}");
        }
        for name in
            ["example.com", "amazonaws.com.evil.org", "evil-amazonaws.com", "", "a..amazonaws.com", "notlocalhost"]
        {
            assert!(!may_mint(name), "{name}");
        }
    }

    #[test]
    fn the_cache_of_leaves_is_bounded() {
        let leaves =
            Leaves::new(KeyPair::generate().unwrap(), Arc::new(RealClock::default()), Arc::new(OsRng)).unwrap();
        for n in 0..LEAVES_MAX + 10 {
            leaves.get(&format!("b{n}.s3.amazonaws.com")).unwrap();
        }
        assert_eq!(leaves.minted.lock().unwrap().len(), LEAVES_MAX);
    }
}
