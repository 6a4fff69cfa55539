//! AWS's id forms.

use crate::Rng;

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const LOWER_ALNUM: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const UPPER_ALNUM: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const SECRET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn pick(rng: &dyn Rng, alphabet: &[u8], length: usize) -> String {
    let bound = u32::try_from(alphabet.len()).unwrap_or(1);
    (0..length).map(|_| char::from(alphabet[rng.below(bound) as usize])).collect()
}

/// A version 4 UUID: request ids, revision ids, event ids.
pub fn uuid(rng: &dyn Rng) -> String {
    let mut b: [u8; 16] = rng.bytes();
    b[6] = (b[6] & 0x0f) | 0x40;
    b[8] = (b[8] & 0x3f) | 0x80;
    let hex = hex(&b);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// An IAM unique id: a four-letter prefix and 17 characters of base32, e.g. `AROA` for roles.
/// Source: IAM User Guide, "IAM identifiers: understanding unique ID prefixes".
pub fn iam(rng: &dyn Rng, prefix: &str) -> String {
    format!("{prefix}{}", pick(rng, BASE32, 17))
}

/// An access key id (`AKIA…` long-term, `ASIA…` temporary): the prefix and 16 characters of base32.
pub fn access_key(rng: &dyn Rng, prefix: &str) -> String {
    format!("{prefix}{}", pick(rng, BASE32, 16))
}

/// A secret access key: 40 characters.
pub fn secret_key(rng: &dyn Rng) -> String {
    pick(rng, SECRET, 40)
}

/// A ten-character lower-case id, as of REST APIs.
pub fn ten(rng: &dyn Rng) -> String {
    lower_alnum(rng, 10)
}

/// Lower-case letters and digits, as in the ids of code signing configurations (17).
pub fn lower_alnum(rng: &dyn Rng, length: usize) -> String {
    pick(rng, LOWER_ALNUM, length)
}

/// The 32-character lower-case id in a function URL's name.
pub fn function_url(rng: &dyn Rng) -> String {
    pick(rng, LOWER_ALNUM, 32)
}

/// A 52-character upper-case request id, as of DynamoDB and Kinesis.
pub fn request52(rng: &dyn Rng) -> String {
    pick(rng, UPPER_ALNUM, 52)
}

/// `digits` lower-case hexadecimal digits, as at the end of a log stream's name (32).
pub fn hex_digits(rng: &dyn Rng, digits: usize) -> String {
    pick(rng, b"0123456789abcdef", digits)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OsRng;

    #[test]
    fn ids_have_aws_forms() {
        let uuid = uuid(&OsRng);
        assert_eq!(uuid.len(), 36);
        assert_eq!(uuid.as_bytes()[14], b'4');
        let role = iam(&OsRng, "AROA");
        assert!(role.len() == 21 && role.starts_with("AROA"), "{role}");
        assert_eq!(access_key(&OsRng, "AKIA").len(), 20);
        assert_eq!(secret_key(&OsRng).len(), 40);
        assert_eq!(ten(&OsRng).len(), 10);
        assert_eq!(function_url(&OsRng).len(), 32);
        assert_eq!(request52(&OsRng).len(), 52);
        assert_eq!(hex_digits(&OsRng, 32).len(), 32);
    }
}
