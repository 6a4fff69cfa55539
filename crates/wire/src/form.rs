//! `application/x-www-form-urlencoded`: query strings, and the bodies of awsQuery.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// Decoded names and values.
pub(crate) type Pairs<'a> = [(Cow<'a, str>, Cow<'a, str>)];

/// The pairs in their order, decoded. A name without `=` has an empty value.
pub(crate) fn pairs(text: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    })
}

fn decode(text: &str) -> Cow<'_, str> {
    if text.contains('+') {
        let spaced = text.replace('+', " ");
        return Cow::Owned(percent_decode_str(&spaced).decode_utf8_lossy().into_owned());
    }
    percent_decode_str(text).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use super::pairs;

    #[test]
    fn pairs_are_decoded_in_their_order() {
        let read: Vec<_> = pairs("a=1&&b&c%20d=%2B+x&a=%ff").map(|(k, v)| format!("{k}|{v}")).collect();
        assert_eq!(read, ["a|1", "b|", "c d|+ x", "a|\u{fffd}"]);
    }
}
