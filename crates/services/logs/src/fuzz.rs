//! Bodies of the fuzz targets: they take any bytes and must come back.

use crate::patterns::Pattern;

/// The first line is a filter pattern, the rest a message.
pub fn filter_pattern(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (pattern, message) = text.split_once('\n').unwrap_or((&text, ""));
    if let Ok(pattern) = Pattern::parse(pattern) {
        assert_eq!(pattern.matches(message), pattern.extract(message).is_some());
    }
}
