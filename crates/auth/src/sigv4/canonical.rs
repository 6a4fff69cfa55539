//! The canonical request: one form for everything that means the same.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};
use sha2::{Digest, Sha256};

use super::Head;

/// RFC 3986's unreserved characters stay; everything else is encoded.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const ENCODED_IN_PATH: &AsciiSet = &ENCODED.remove(b'/');

/// The path's canonical form. S3 decodes the wire path and encodes it once, keeping `//` and `..`, because keys may hold
/// them. Every other service tidies the wire path (RFC 3986 dot segments, empty segments) and encodes it again.
/// Source: IAM User Guide, "Create a signed AWS API request", step 1.
pub fn canonical_path(wire_path: &str, is_s3: bool) -> String {
    if is_s3 {
        let decoded: Vec<u8> = percent_decode(wire_path.as_bytes()).collect();
        let encoded = percent_encode(&decoded, ENCODED_IN_PATH).to_string();
        return if encoded.is_empty() { "/".to_owned() } else { encoded };
    }
    percent_encode(tidied(wire_path).as_bytes(), ENCODED_IN_PATH).to_string()
}

/// Removes `.`, `..` and empty segments; keeps a slash at the end.
fn tidied(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    let directory = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
    let end = if directory && !segments.is_empty() { "/" } else { "" };
    format!("/{}{end}", segments.join("/"))
}

/// The parameters of a query as they came: undecoded names and values.
pub(super) fn parameters(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').filter(|part| !part.is_empty()).map(|part| part.split_once('=').unwrap_or((part, "")))
}

/// A name or value of a query, decoded. A plus sign is a space, as servers of forms read it.
pub(super) fn decode_parameter(text: &str) -> Vec<u8> {
    let spaced: Vec<u8> = text.bytes().map(|b| if b == b'+' { b' ' } else { b }).collect();
    percent_decode(&spaced).collect()
}

/// The query's canonical form: decoded, encoded once, sorted by name and then value; without `X-Amz-Signature`.
pub fn canonical_query(query: &str) -> String {
    let encode = |text: &str| percent_encode(&decode_parameter(text), ENCODED).to_string();
    let mut pairs: Vec<(String, String)> = parameters(query)
        .map(|(name, value)| (encode(name), encode(value)))
        .filter(|(name, _)| name != "X-Amz-Signature")
        .collect();
    pairs.sort();
    let joined: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    joined.join("&")
}

/// Encodes a value for a query.
pub(super) fn encode_parameter(text: &str) -> String {
    percent_encode(text.as_bytes(), ENCODED).to_string()
}

/// The whole canonical request, as bytes because header values need not be UTF-8.
/// `signed_headers` are lower-case names in order.
pub(super) fn canonical_request(
    head: &Head<'_>,
    is_s3: bool,
    signed_headers: &[String],
    payload_hash: &str,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    let line = |out: &mut Vec<u8>, text: &str| {
        out.extend_from_slice(text.as_bytes());
        out.push(b'\n');
    };
    line(&mut out, head.method.as_str());
    line(&mut out, &canonical_path(head.uri.path(), is_s3));
    line(&mut out, &canonical_query(head.uri.query().unwrap_or_default()));
    for name in signed_headers {
        out.extend_from_slice(name.as_bytes());
        out.push(b':');
        push_header_value(&mut out, head, name);
        out.push(b'\n');
    }
    out.push(b'\n');
    line(&mut out, &signed_headers.join(";"));
    out.extend_from_slice(payload_hash.as_bytes());
    out
}

/// A header's values, trimmed, runs of spaces as one, joined by commas.
fn push_header_value(out: &mut Vec<u8>, head: &Head<'_>, name: &str) {
    if name == ":authority" || (name == "host" && !head.headers.contains_key("host")) {
        out.extend_from_slice(head.host().unwrap_or_default().as_bytes());
        return;
    }
    for (nth, value) in head.headers.get_all(name).iter().enumerate() {
        if nth > 0 {
            out.push(b',');
        }
        let words = value.as_bytes().split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        for (nth, word) in words.enumerate() {
            if nth > 0 {
                out.push(b' ');
            }
            out.extend_from_slice(word);
        }
    }
}

pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// What the signing key signs. `date` is `20150830T123600Z`, `scope` is `20150830/us-east-1/iam/aws4_request`.
pub(super) fn string_to_sign(date: &str, scope: &str, canonical_request: &[u8]) -> String {
    format!("{}\n{date}\n{scope}\n{}", super::ALGORITHM, sha256_hex(canonical_request))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s3_paths_are_encoded_once_and_others_twice() {
        for (path, s3, other) in [
            ("/", "/", "/"),
            ("", "/", "/"),
            ("/a%20b/k", "/a%20b/k", "/a%2520b/k"),
            ("/a//b/../c", "/a//b/../c", "/a/c"),
            ("/a/./b/", "/a/./b/", "/a/b/"),
            ("/arn:aws:x", "/arn%3Aaws%3Ax", "/arn%3Aaws%3Ax"),
            ("/arn%3Aaws", "/arn%3Aaws", "/arn%253Aaws"),
            ("/k+*()~", "/k%2B%2A%28%29~", "/k%2B%2A%28%29~"),
            ("/../..", "/../..", "/"),
            ("/%zz", "/%25zz", "/%25zz"),
        ] {
            assert_eq!(canonical_path(path, true), s3, "{path} of S3");
            assert_eq!(canonical_path(path, false), other, "{path} of others");
        }
    }

    #[test]
    fn queries_are_sorted_by_their_encoded_form() {
        for (query, canonical) in [
            ("", ""),
            ("b=2&a=1", "a=1&b=2"),
            ("a=2&a=1&a", "a=&a=1&a=2"),
            ("lifecycle", "lifecycle="),
            ("p=a%2fb&&x=%E1%88%B4", "p=a%2Fb&x=%E1%88%B4"),
            ("q=a+b%2B", "q=a%20b%2B"),
            ("X-Amz-Signature=1&X-Amz-Date=2", "X-Amz-Date=2"),
            ("k=a=b", "k=a%3Db"),
        ] {
            assert_eq!(canonical_query(query), canonical, "{query}");
        }
    }
}
