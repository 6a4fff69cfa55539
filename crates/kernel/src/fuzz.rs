//! What bytes from outside can reach of this room.

use crate::{AccountId, Arn, Timestamp, strip_aws_suffix};

/// What an ARN prints is what it was read from.
pub fn arn(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(arn) = text.parse::<Arn>() {
        assert_eq!(arn.to_string(), text);
        let (kind, rest) = arn.resource_parts();
        assert!(kind.len() + rest.len() <= arn.resource.len());
    }
    let _ = (AccountId::parse(text), strip_aws_suffix(text));
}

/// No text breaks the readers of times.
pub fn timestamp(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let read = [Timestamp::parse_iso8601(text), Timestamp::parse_http_date(text), Timestamp::parse_basic(text)];
    for at in read.into_iter().flatten() {
        let _ = (at.iso8601(), at.http_date(), at.day_path());
    }
}
