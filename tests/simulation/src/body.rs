//! What stands in a message: its number, and what a mapping's filter asks for.

use serde_json::Value;

/// What a filtered mapping lets through.
pub const PATTERN: &str = r#"{"body":{"kind":["wanted"]}}"#;

/// Bytes of padding. Large ones do not stand in the message's own record.
const SMALL: usize = 20;
const LARGE: usize = 6000;

/// What a pattern cannot read is dropped: messages of filtered mappings are JSON.
pub fn write(n: usize, large: bool, wanted: Option<bool>) -> String {
    let padding = ".".repeat(if large { LARGE } else { SMALL });
    match wanted {
        None => format!("{n} {padding}"),
        Some(wanted) => {
            let kind = if wanted { "wanted" } else { "other" };
            format!("{{\"n\":{n},\"kind\":\"{kind}\",\"text\":\"{padding}\"}}")
        }
    }
}

pub fn number(body: &str) -> Option<usize> {
    if body.starts_with('{') {
        let body: Value = serde_json::from_str(body).ok()?;
        return usize::try_from(body["n"].as_u64()?).ok();
    }
    body.split(' ').next()?.parse().ok()
}

/// Whether nothing is cut off.
pub fn is_whole(body: &str) -> bool {
    let padding = body.bytes().filter(|byte| *byte == b'.').count();
    [SMALL, LARGE].contains(&padding)
}
