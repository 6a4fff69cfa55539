//! Reading a signature out of a request's head.

use std::fmt;
use std::time::Duration;

use http::header::AUTHORIZATION;
use kernel::Timestamp;

use super::{Head, PayloadHash, SignatureError, TERMINATOR};
use crate::limits::{EXPIRES_MAX_S, REGION_BYTES_MAX};

/// Where the signature stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `Authorization`.
    Header,
    /// A presigned URL: `X-Amz-Signature` and its companions.
    Query,
}

/// What a signing key is narrowed to. Displayed as `20150830/us-east-1/iam/aws4_request`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// `20150830`.
    pub date: String,
    pub region: String,
    pub service: String,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{TERMINATOR}", self.date, self.region, self.service)
    }
}

/// A signature as the client wrote it: complete, nothing of it proven.
#[derive(Clone, Debug, PartialEq)]
pub struct Signature {
    pub form: Form,
    /// As written; only `AWS4-HMAC-SHA256` is served.
    pub algorithm: String,
    pub access_key_id: String,
    pub scope: Scope,
    /// The fifth part of the credential, which should be `aws4_request`.
    pub terminator: String,
    /// Lower case, sorted.
    pub signed_headers: Vec<String>,
    /// Hexadecimal.
    pub signature: String,
    pub signed_at: Timestamp,
    /// Presigned URLs: for how long.
    pub expires: Option<Duration>,
    pub security_token: Option<String>,
    pub payload: PayloadHash,
}

impl Signature {
    /// Finds the signature of a request. `None` when there is none of any kind.
    /// Errors: `BothForms`, `NotKeyValue`, `HeaderIncomplete`, `QueryIncomplete`, `CredentialMalformed`, `DateMalformed`,
    /// `ExpiresMalformed`, `Unsupported` (Signature Version 2).
    pub fn find(head: &Head<'_>) -> Result<Option<Self>, SignatureError> {
        let header = head.text(AUTHORIZATION.as_str());
        let in_query = head.parameter("X-Amz-Algorithm").is_some();
        match header {
            Some(_) if in_query => Err(SignatureError::BothForms),
            Some(header) if header.starts_with("AWS4-") => Self::from_header(head, &header).map(Some),
            Some(header) if header.starts_with("AWS ") => Err(SignatureError::Unsupported),
            _ if in_query => Self::from_query(head).map(Some),
            _ if version_2_key(head).is_some() => Err(SignatureError::Unsupported),
            _ => Ok(None),
        }
    }

    fn from_header(head: &Head<'_>, header: &str) -> Result<Self, SignatureError> {
        let (algorithm, rest) = header.split_once(char::is_whitespace).unwrap_or((header, ""));
        let parts = HeaderParts::read(rest, header)?;
        let date = head.text("x-amz-date").or_else(|| head.text("date"));
        let (Some(credential), Some(signature), Some(signed_headers), Some(date)) =
            (parts.credential, parts.signature, parts.signed_headers, date.as_deref())
        else {
            return Err(parts.incomplete(date.is_some(), header));
        };
        let (access_key_id, scope, terminator) = read_credential(credential)?;
        Ok(Self {
            form: Form::Header,
            algorithm: algorithm.to_owned(),
            access_key_id,
            payload: PayloadHash::of(head, Form::Header, scope.service == "s3"),
            scope,
            terminator,
            signed_headers: read_signed_headers(signed_headers),
            signature: signature.to_owned(),
            signed_at: read_date(date)?,
            expires: None,
            security_token: head.text("x-amz-security-token").map(|token| token.trim().to_owned()),
        })
    }

    fn from_query(head: &Head<'_>) -> Result<Self, SignatureError> {
        let names = ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date"];
        let values = names.map(|name| head.parameter(name).filter(|value| !value.is_empty()));
        let missing: Vec<&'static str> = values
            .iter()
            .zip([
                "AWS query-string parameters must include 'X-Amz-Algorithm'.",
                "AWS query-string parameters must include 'X-Amz-Credential'.",
                "AWS query-string parameters must include 'X-Amz-Signature'.",
                "AWS query-string parameters must include 'X-Amz-SignedHeaders'.",
                "AWS query-string parameters must include 'X-Amz-Date'.",
            ])
            .filter_map(|(value, sentence)| value.is_none().then_some(sentence))
            .collect();
        let [Some(algorithm), Some(credential), Some(signature), Some(signed_headers), Some(date)] = values else {
            return Err(SignatureError::QueryIncomplete { missing });
        };
        let (access_key_id, scope, terminator) = read_credential(&credential)?;
        Ok(Self {
            form: Form::Query,
            algorithm,
            access_key_id,
            payload: PayloadHash::of(head, Form::Query, scope.service == "s3"),
            scope,
            terminator,
            signed_headers: read_signed_headers(&signed_headers),
            signature,
            signed_at: read_date(&date)?,
            expires: head.parameter("X-Amz-Expires").map(|text| read_expires(&text)).transpose()?,
            security_token: head.parameter("X-Amz-Security-Token"),
        })
    }
}

/// The parts of an `Authorization` header.
#[derive(Default)]
struct HeaderParts<'a> {
    credential: Option<&'a str>,
    signature: Option<&'a str>,
    signed_headers: Option<&'a str>,
}

impl<'a> HeaderParts<'a> {
    /// Reads `Credential=…, SignedHeaders=…, Signature=…`: commas, spaces or both between them.
    fn read(rest: &'a str, header: &str) -> Result<Self, SignatureError> {
        let mut parts = Self::default();
        for part in rest.split([',', ' ', '\t']).filter(|part| !part.is_empty()) {
            let Some((name, value)) = part.split_once('=') else {
                return Err(SignatureError::NotKeyValue { part: part.to_owned(), header: header.to_owned() });
            };
            let value = Some(value).filter(|value| !value.is_empty());
            match name {
                "Credential" => parts.credential = value,
                "Signature" => parts.signature = value,
                "SignedHeaders" => parts.signed_headers = value,
                _ => {}
            }
        }
        Ok(parts)
    }

    fn incomplete(&self, dated: bool, header: &str) -> SignatureError {
        let missing = [
            (self.credential.is_none(), "Authorization header requires 'Credential' parameter."),
            (self.signature.is_none(), "Authorization header requires 'Signature' parameter."),
            (self.signed_headers.is_none(), "Authorization header requires 'SignedHeaders' parameter."),
            (!dated, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."),
        ];
        let missing = missing.iter().filter_map(|(absent, sentence)| absent.then_some(*sentence)).collect();
        SignatureError::HeaderIncomplete { missing, header: header.to_owned() }
    }
}

/// `AKID/20150830/us-east-1/iam/aws4_request` → the key's id, the scope and the terminator.
fn read_credential(text: &str) -> Result<(String, Scope, String), SignatureError> {
    let parts: Vec<&str> = text.split('/').collect();
    let [key, date, region, service, terminator] = parts.as_slice() else {
        return Err(SignatureError::CredentialMalformed { got: text.to_owned() });
    };
    let scope = Scope { date: (*date).to_owned(), region: (*region).to_owned(), service: (*service).to_owned() };
    Ok(((*key).to_owned(), scope, (*terminator).to_owned()))
}

fn read_signed_headers(text: &str) -> Vec<String> {
    let mut names: Vec<String> =
        text.split(';').map(|name| name.trim().to_ascii_lowercase()).filter(|name| !name.is_empty()).collect();
    names.sort();
    names.dedup();
    names
}

/// `20150830T123600Z`, or the form of a `Date` header.
fn read_date(text: &str) -> Result<Timestamp, SignatureError> {
    let text = text.trim();
    Timestamp::parse_basic(text)
        .or_else(|| Timestamp::parse_http_date(text))
        .ok_or_else(|| SignatureError::DateMalformed { got: text.to_owned() })
}

fn read_expires(text: &str) -> Result<Duration, SignatureError> {
    match text.parse::<u64>() {
        Ok(seconds @ 1..=EXPIRES_MAX_S) => Ok(Duration::from_secs(seconds)),
        _ => Err(SignatureError::ExpiresMalformed { got: text.to_owned() }),
    }
}

/// Whether a region's name may become part of keys and ARNs.
pub(super) fn is_region_name(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    !text.is_empty() && text.len() <= REGION_BYTES_MAX && text.bytes().all(plain)
}

/// What a request says of its sender, read leniently: for open access, where a key that is not ours proves nothing and
/// only names an account and a region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presented {
    pub access_key_id: String,
    pub region: Option<String>,
    /// The signing name, e.g. `lambda`.
    pub service: Option<String>,
}

/// Finds the key that a request names, in any form: SigV4 and Signature Version 2, header and query.
pub fn presented(head: &Head<'_>) -> Option<Presented> {
    let header = head.text(AUTHORIZATION.as_str());
    let version_4 = header.as_deref().and_then(|header| {
        let rest = header.strip_prefix("AWS4-")?;
        let (_, credential) = rest.split_once("Credential=")?;
        Some(credential.split([',', ' ', '\t']).next().unwrap_or_default().to_owned())
    });
    if let Some(credential) = version_4.or_else(|| head.parameter("X-Amz-Credential")) {
        let mut parts = credential.split('/');
        let access_key_id = parts.next().filter(|key| !key.is_empty())?.to_owned();
        let region = parts.nth(1).filter(|region| is_region_name(region)).map(str::to_owned);
        let service = parts.next().filter(|service| !service.is_empty()).map(str::to_owned);
        return Some(Presented { access_key_id, region, service });
    }
    version_2_key(head).map(|access_key_id| Presented { access_key_id, region: None, service: Some("s3".to_owned()) })
}

/// The key of a Signature Version 2: `Authorization: AWS key:signature`, or `AWSAccessKeyId` and `Signature` in the query.
fn version_2_key(head: &Head<'_>) -> Option<String> {
    if let Some(rest) = head.text(AUTHORIZATION.as_str()).as_deref().and_then(|header| header.strip_prefix("AWS ")) {
        return rest.split(':').next().map(|key| key.trim().to_owned());
    }
    head.parameter("Signature")?;
    head.parameter("AWSAccessKeyId")
}
