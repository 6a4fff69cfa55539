use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::{Scope, TERMINATOR};
use crate::limits::SIGNING_KEYS_MAX;

/// A secret narrowed to one day, region and service.
#[derive(Clone, PartialEq)]
pub struct SigningKey([u8; 32]);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

impl SigningKey {
    /// The signature of `string_to_sign`: 64 lower-case hexadecimal digits.
    pub(super) fn sign(&self, string_to_sign: &[u8]) -> String {
        hex::encode(hmac(&self.0, string_to_sign))
    }

    #[cfg(test)]
    pub(super) fn hex(&self) -> String {
        hex::encode(self.0)
    }
}

fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// Derives the signing key. Source: IAM User Guide, "Create a signed AWS API request", "Calculate the signature".
pub fn derive_signing_key(secret: &str, scope: &Scope) -> SigningKey {
    let date = hmac(format!("AWS4{secret}").as_bytes(), scope.date.as_bytes());
    let region = hmac(&date, scope.region.as_bytes());
    let service = hmac(&region, scope.service.as_bytes());
    SigningKey(hmac(&service, TERMINATOR.as_bytes()))
}

/// Whether two texts are equal, in time that depends on their lengths only.
pub(crate) fn same_secret(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

/// Signing keys that have verified a request, kept for the next one. Bounded: when the young generation is full it
/// becomes the old one, and the old one is dropped.
#[derive(Default)]
pub struct SigningKeys {
    generations: Mutex<Generations>,
}

#[derive(Default)]
struct Generations {
    young: BTreeMap<(String, Scope), Kept>,
    old: BTreeMap<(String, Scope), Kept>,
}

struct Kept {
    secret: String,
    key: SigningKey,
}

impl SigningKeys {
    /// The key, and whether it was kept already. A secret that has changed gives a new key.
    pub(super) fn get(&self, access_key_id: &str, secret: &str, scope: &Scope) -> (SigningKey, bool) {
        let at = (access_key_id.to_owned(), scope.clone());
        let generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = generations.young.get(&at).or_else(|| generations.old.get(&at));
        match kept {
            Some(kept) if same_secret(&kept.secret, secret) => (kept.key.clone(), true),
            _ => (derive_signing_key(secret, scope), false),
        }
    }

    /// Keeps a key. Only called for keys that have verified a request: a stranger cannot fill the cache.
    pub(super) fn keep(&self, access_key_id: &str, secret: &str, scope: &Scope, key: SigningKey) {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        if generations.young.len() >= SIGNING_KEYS_MAX {
            generations.old = std::mem::take(&mut generations.young);
        }
        let kept = Kept { secret: secret.to_owned(), key };
        generations.young.insert((access_key_id.to_owned(), scope.clone()), kept);
    }
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKeys")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(date: &str) -> Scope {
        Scope { date: date.to_owned(), region: "us-east-1".to_owned(), service: "iam".to_owned() }
    }

    #[test]
    fn the_documented_signing_key_is_derived() {
        let key = derive_signing_key("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", &scope("20150830"));
        assert_eq!(key.hex(), "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
    }

    #[test]
    fn a_changed_secret_is_not_answered_from_the_cache() {
        let keys = SigningKeys::default();
        let scope = scope("20150830");
        let (old, _) = keys.get("AKIA", "old", &scope);
        keys.keep("AKIA", "old", &scope, old.clone());
        assert_eq!(keys.get("AKIA", "old", &scope), (old.clone(), true));
        let (new, kept) = keys.get("AKIA", "new", &scope);
        assert!(!kept && new != old);
    }

    #[test]
    fn the_cache_is_bounded() {
        let keys = SigningKeys::default();
        for day in 0..5 * SIGNING_KEYS_MAX {
            let scope = scope(&day.to_string());
            keys.keep("AKIA", "s", &scope, SigningKey([0; 32]));
        }
        let generations = keys.generations.lock().unwrap();
        assert!(generations.young.len() + generations.old.len() <= 2 * SIGNING_KEYS_MAX);
    }
}
