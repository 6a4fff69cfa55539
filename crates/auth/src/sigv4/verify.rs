//! Whether a signature holds: date, signed headers, algorithm, scope, and last the signature itself.

use std::time::Duration;

use kernel::Timestamp;
use sha2::{Digest, Sha256};

use super::canonical::{canonical_request, string_to_sign};
use super::key::same_secret;
use super::parse::is_region_name;
use super::{
    ALGORITHM, ChunkSigner, Form, Head, PayloadCheck, PayloadHash, Signature, SignatureError, SigningKeys, TERMINATOR,
};
use crate::limits::{SKEW_MAX, SKEW_MAX_LONG};

/// What the receiving side knows of a request.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Real time: `Clock::wall`.
    pub wall: Timestamp,
    /// The signing name of the service that is called; `None` takes any.
    pub service: Option<&'a str>,
}

/// A signature that holds.
#[derive(Clone, Debug)]
pub struct Verified {
    /// What is left to check of the body.
    pub payload: PayloadCheck,
}

impl Signature {
    fn is_s3(&self) -> bool {
        self.scope.service == "s3"
    }

    /// Everything that needs no key, in AWS's order: date, Host, algorithm, scope.
    /// Errors: `Expired`, `NotYetCurrent`, `HostNotSigned`, `HeadersNotSigned`, `UnsupportedAlgorithm`, `Scope…`.
    pub fn check(&self, head: &Head<'_>, expected: &Expected<'_>) -> Result<(), SignatureError> {
        self.check_date(expected.wall)?;
        self.check_headers(head)?;
        if self.algorithm != ALGORITHM {
            return Err(SignatureError::UnsupportedAlgorithm(self.algorithm.clone()));
        }
        self.check_scope(expected.service)
    }

    fn check_date(&self, wall: Timestamp) -> Result<(), SignatureError> {
        let skew = if matches!(self.scope.service.as_str(), "s3" | "sts") { SKEW_MAX_LONG } else { SKEW_MAX };
        let lifetime = self.expires.unwrap_or(skew);
        // Dates carry whole seconds, and so does AWS's comparison.
        let now = Timestamp::from_secs(wall.secs());
        let signed = self.signed_at;
        if signed < now - lifetime {
            return Err(SignatureError::Expired {
                signed: signed.basic(),
                earliest: (now - lifetime).basic(),
                now: now.basic(),
                allowed: in_words(lifetime),
                presigned: self.expires.is_some(),
            });
        }
        if signed > now + skew {
            return Err(SignatureError::NotYetCurrent {
                signed: signed.basic(),
                latest: (now + skew).basic(),
                now: now.basic(),
                allowed: in_words(skew),
            });
        }
        Ok(())
    }

    fn check_headers(&self, head: &Head<'_>) -> Result<(), SignatureError> {
        let signed = |name: &str| self.signed_headers.iter().any(|header| header == name);
        if !signed("host") && !signed(":authority") {
            return Err(SignatureError::HostNotSigned);
        }
        if self.is_s3() {
            let unsigned: Vec<String> = head
                .headers
                .keys()
                .map(http::HeaderName::as_str)
                .filter(|name| name.starts_with("x-amz-") && !signed(name))
                .filter(|name| !(self.form == Form::Query && *name == "x-amz-content-sha256"))
                .map(str::to_owned)
                .collect();
            if !unsigned.is_empty() {
                return Err(SignatureError::HeadersNotSigned(unsigned));
            }
        }
        Ok(())
    }

    fn check_scope(&self, service: Option<&str>) -> Result<(), SignatureError> {
        let date = self.signed_at.basic();
        let day = date.get(..8).unwrap_or_default();
        if self.scope.date != day {
            let (scope, day) = (self.scope.date.clone(), day.to_owned());
            return Err(SignatureError::ScopeDate { scope, day, date });
        }
        if !is_region_name(&self.scope.region) {
            return Err(SignatureError::ScopeRegion(self.scope.region.clone()));
        }
        if let Some(service) = service.filter(|service| *service != self.scope.service) {
            return Err(SignatureError::ScopeService(service.to_owned()));
        }
        if self.terminator != TERMINATOR {
            return Err(SignatureError::ScopeTerminator(self.terminator.clone()));
        }
        Ok(())
    }

    /// The signature itself, with the key's secret. `body` is the whole body as it came over the wire (before gzip is
    /// undone), or `None` while it has not been read: then the answer says what to check of it.
    /// Errors: `Mismatch`, `BodyMismatch`.
    pub fn verify(
        &self,
        head: &Head<'_>,
        body: Option<&[u8]>,
        secret: &str,
        keys: &SigningKeys,
    ) -> Result<Verified, SignatureError> {
        let (key, kept) = keys.get(&self.access_key_id, secret, &self.scope);
        let payload_line = self.payload.line(body.unwrap_or_default());
        let canonical = canonical_request(head, self.is_s3(), &self.signed_headers, &payload_line);
        let (date, scope) = (self.signed_at.basic(), self.scope.to_string());
        let string_to_sign = string_to_sign(&date, &scope, &canonical);
        if !same_secret(&key.sign(string_to_sign.as_bytes()), &self.signature.to_ascii_lowercase()) {
            let canonical = String::from_utf8_lossy(&canonical).into_owned();
            return Err(SignatureError::Mismatch { canonical, string_to_sign });
        }
        if !kept {
            keys.keep(&self.access_key_id, secret, &self.scope, key.clone());
        }
        let payload = match &self.payload {
            PayloadHash::Unsigned => PayloadCheck::Done,
            // Without a body at hand the signature covered an empty one: what comes must be that.
            PayloadHash::OfBody if body.is_none() => PayloadCheck::Sha256(payload_line),
            PayloadHash::OfBody => PayloadCheck::Done,
            PayloadHash::Sha256(promised) => checked_hash(promised, body)?,
            PayloadHash::SignedChunks { trailer } => PayloadCheck::SignedChunks {
                signer: ChunkSigner::new(key, &date, &scope, &self.signature),
                trailer: *trailer,
            },
            PayloadHash::UnsignedChunks => PayloadCheck::UnsignedChunks,
        };
        Ok(Verified { payload })
    }
}

/// Compares the promised hash with the body where it has arrived.
fn checked_hash(promised: &str, body: Option<&[u8]>) -> Result<PayloadCheck, SignatureError> {
    let check = PayloadCheck::Sha256(promised.to_owned());
    match body {
        Some(body) => {
            check.finish(&Sha256::digest(body).into())?;
            Ok(PayloadCheck::Done)
        }
        None => Ok(check),
    }
}

/// `5 min.`, as AWS puts it; seconds where they make no whole minutes.
fn in_words(length: Duration) -> String {
    match length.as_secs() {
        seconds if seconds % 60 == 0 => format!("{} min.", seconds / 60),
        seconds => format!("{seconds} sec."),
    }
}
