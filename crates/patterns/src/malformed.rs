//! Why a pattern is refused, and where.

use std::fmt;

use crate::limits::QUOTED_CHARS_MAX;

/// A pattern that was refused.
///
/// Shape: `message` is the engine's; where it knows the place, the text ends with the pattern, line and column, as AWS writes it:
/// `Empty arrays are not allowed\n at [Source: (String)"{"a":[]}"; line: 1, column: 8]`.
/// Lambda says the same sentence of its own for each of them; EventBridge and SNS put words of theirs before this one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Malformed {
    pub message: String,
    pub place: Option<Place>,
}

/// Where the engine stood when it refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The pattern, or its beginning.
    pub source: String,
    /// From 1.
    pub line: usize,
    /// From 1, of the character after what had been read.
    pub column: usize,
}

impl Malformed {
    pub(crate) fn without_place(message: impl Into<String>) -> Self {
        Self { message: message.into(), place: None }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.place {
            Some(place) => {
                write!(f, "\n at [Source: (String){}; line: {}, column: {}]", place.source, place.line, place.column)
            }
            None => Ok(()),
        }
    }
}

impl Place {
    /// The place `at` bytes into `text`. Columns count UTF-16 units, for the engine is written in Java.
    pub(crate) fn of(text: &str, at: usize) -> Self {
        let before = text.get(..at).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        let column = before.get(line_start..).unwrap_or_default().encode_utf16().count() + 1;
        let left_out = text.chars().count().saturating_sub(QUOTED_CHARS_MAX);
        let source = match left_out {
            0 => format!("\"{text}\""),
            _ => {
                let beginning: String = text.chars().take(QUOTED_CHARS_MAX).collect();
                format!("\"{beginning}\"[truncated {left_out} chars]")
            }
        };
        Self { source, line: before.matches('\n').count() + 1, column }
    }
}
