use std::fmt;

use kernel::{AccountId, Region};

const TEXT: u8 = 0x02;
const NUMBER: u8 = 0x03;
const END: u8 = 0x00;
const ESCAPE: u8 = 0xFF;

/// The place of a value: account, region, service, kind and then whatever the service needs to tell values apart.
///
/// Shape: keys sort as the tuples of their parts sort, and a key is a byte-wise prefix of another exactly when its
/// parts are the first parts of the other. Account and region are always first, so nothing of one account can
/// appear in a range of another.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Vec<u8>);

/// One part of a key, read back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    Text(Vec<u8>),
    Number(u64),
}

/// The bytes are no key of ours.
#[derive(Debug, Clone, thiserror::Error, PartialEq)]
#[error("a stored key is damaged at byte {0}")]
pub struct DamagedKey(pub usize);

impl Key {
    /// A global service (IAM, STS) uses the region `aws-global`.
    pub fn new(account: &AccountId, region: &Region, service: &str, kind: &str) -> Self {
        Self(Vec::with_capacity(64)).part(account.as_str()).part(region.as_str()).part(service).part(kind)
    }

    /// Adds text or bytes of any length and content.
    #[must_use]
    pub fn part(mut self, text: impl AsRef<[u8]>) -> Self {
        self.0.push(TEXT);
        push_escaped(&mut self.0, text.as_ref());
        self.0.push(END);
        self
    }

    /// Adds a number that sorts by its value.
    #[must_use]
    pub fn part_u64(mut self, number: u64) -> Self {
        self.0.push(NUMBER);
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Takes the bytes as they were stored; `parts` finds out whether they are a key.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Account, region, service, kind and the service's own parts, in that order.
    pub fn parts(&self) -> Result<Vec<Part>, DamagedKey> {
        let mut parts = Vec::with_capacity(8);
        let mut rest = self.0.as_slice();
        while let Some((tag, after)) = rest.split_first() {
            let damaged = DamagedKey(self.0.len() - rest.len());
            let (part, after) = match *tag {
                TEXT => read_text(after).ok_or(damaged)?,
                NUMBER => read_number(after).ok_or(damaged)?,
                _ => return Err(damaged),
            };
            parts.push(part);
            rest = after;
        }
        Ok(parts)
    }

    /// The last part, where it is text in UTF-8: most often the name of a thing.
    pub fn last_text(&self) -> Option<String> {
        match self.parts().ok()?.pop()? {
            Part::Text(bytes) => String::from_utf8(bytes).ok(),
            Part::Number(_) => None,
        }
    }

    /// The last part, where it is a number: most often a time or a sequence number.
    pub fn last_u64(&self) -> Option<u64> {
        match self.parts().ok()?.pop()? {
            Part::Number(number) => Some(number),
            Part::Text(_) => None,
        }
    }
}

impl Part {
    /// The text, where the part is text in UTF-8.
    pub fn text(&self) -> Option<&str> {
        match self {
            Part::Text(bytes) => std::str::from_utf8(bytes).ok(),
            Part::Number(_) => None,
        }
    }

    pub fn number(&self) -> Option<u64> {
        match self {
            Part::Number(number) => Some(*number),
            Part::Text(_) => None,
        }
    }
}

/// A zero becomes `00 FF`, so that the single zero which ends a part sorts before everything that could follow in it.
fn push_escaped(key: &mut Vec<u8>, text: &[u8]) {
    for &byte in text {
        key.push(byte);
        if byte == END {
            key.push(ESCAPE);
        }
    }
}

fn read_text(bytes: &[u8]) -> Option<(Part, &[u8])> {
    let mut text = Vec::new();
    let mut rest = bytes;
    loop {
        let (&byte, after) = rest.split_first()?;
        if byte != END {
            text.push(byte);
            rest = after;
        } else if let Some((&ESCAPE, after)) = after.split_first() {
            text.push(END);
            rest = after;
        } else {
            return Some((Part::Text(text), after));
        }
    }
}

fn read_number(bytes: &[u8]) -> Option<(Part, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<8>()?;
    Some((Part::Number(u64::from_be_bytes(*number)), rest))
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(parts) = self.parts() else { return write!(f, "damaged:{}", hex::encode(&self.0)) };
        for (i, part) in parts.iter().enumerate() {
            let slash = if i == 0 { "" } else { "/" };
            match part {
                Part::Text(text) => write!(f, "{slash}{}", String::from_utf8_lossy(text))?,
                Part::Number(number) => write!(f, "{slash}{number}")?,
            }
        }
        Ok(())
    }
}

/// A stretch of keys, from `start` (inclusive) to `end` (exclusive).
#[derive(Clone, Debug, PartialEq)]
pub struct KeyRange {
    pub(crate) start: Key,
    pub(crate) end: Key,
}

impl KeyRange {
    /// Every key whose first parts are those of `prefix`, itself included.
    pub fn prefix(prefix: &Key) -> Self {
        Self { start: prefix.clone(), end: end_of(prefix) }
    }

    /// Every key below `prefix` whose next part is text that begins with `text`.
    pub fn starting_with(prefix: &Key, text: &str) -> Self {
        let mut start = prefix.0.clone();
        start.push(TEXT);
        push_escaped(&mut start, text.as_bytes());
        let mut end = start.clone();
        // UTF-8 never holds FF, and what may follow is a byte of the text, the end of the part, or `00 FF`.
        end.push(ESCAPE);
        Self { start: Key(start), end: Key(end) }
    }

    /// What follows `last` within `prefix`: the next page, read forward. Keys below `last` are part of it.
    pub fn after(prefix: &Key, last: &Key) -> Self {
        let mut start = last.0.clone();
        start.push(0);
        Self { start: Key(start).max(prefix.clone()), end: end_of(prefix) }
    }

    /// What precedes `last` within `prefix`: the next page, read backward.
    pub fn before(prefix: &Key, last: &Key) -> Self {
        Self { start: prefix.clone(), end: last.clone().min(end_of(prefix)) }
    }

    /// Every key of the store, of every account.
    pub(crate) fn everything() -> Self {
        Self { start: Key(Vec::new()), end: Key(vec![u8::MAX]) }
    }

    /// From `start` (inclusive) to `end` (exclusive).
    pub fn between(start: &Key, end: &Key) -> Self {
        Self { start: start.clone(), end: end.clone() }
    }

    /// The part of this range from `first` on.
    #[must_use]
    pub fn starting_at(mut self, first: &Key) -> Self {
        self.start = self.start.max(first.clone());
        self
    }

    /// The part of this range that follows `last`.
    #[must_use]
    pub fn continued_after(mut self, last: &Key) -> Self {
        let mut start = last.0.clone();
        start.push(0);
        self.start = self.start.max(Key(start));
        self
    }

    /// The part of this range that follows every key whose first parts are those of `prefix`.
    #[must_use]
    pub fn after_prefix(self, prefix: &Key) -> Self {
        self.starting_at(&end_of(prefix))
    }

    /// The part of this range that precedes `last`, for reading backward.
    #[must_use]
    pub fn continued_before(mut self, last: &Key) -> Self {
        self.end = self.end.min(last.clone());
        self
    }

    pub fn contains(&self, key: &Key) -> bool {
        self.start <= *key && *key < self.end
    }

    pub fn is_empty(&self) -> bool {
        self.start >= self.end
    }
}

/// Parts begin with a tag, and no tag is FF: everything below `prefix` sorts before it.
fn end_of(prefix: &Key) -> Key {
    let mut end = prefix.0.clone();
    end.push(ESCAPE);
    Key(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn part() -> impl Strategy<Value = Part> {
        let byte =
            prop_oneof![3 => Just(0u8), 1 => Just(1), 1 => Just(2), 1 => Just(0xFE), 3 => Just(0xFF), 3 => any::<u8>()];
        prop_oneof![
            2 => proptest::collection::vec(byte, 0..5).prop_map(Part::Text),
            1 => prop_oneof![Just(0), Just(u64::MAX), any::<u64>()].prop_map(Part::Number),
        ]
    }

    fn tuple() -> impl Strategy<Value = Vec<Part>> {
        proptest::collection::vec(part(), 0..5)
    }

    fn key(parts: &[Part]) -> Key {
        parts.iter().fold(Key(Vec::new()), |key, part| match part {
            Part::Text(text) => key.part(text),
            Part::Number(number) => key.part_u64(*number),
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn keys_sort_as_their_tuples(a in tuple(), b in tuple()) {
            prop_assert_eq!(key(&a).cmp(&key(&b)), a.cmp(&b));
        }

        #[test]
        fn a_key_reads_back_as_its_parts(a in tuple()) {
            prop_assert_eq!(key(&a).parts(), Ok(a));
        }

        #[test]
        fn a_prefix_range_holds_exactly_what_begins_with_its_parts(a in tuple(), b in tuple(), more in tuple()) {
            prop_assert_eq!(KeyRange::prefix(&key(&a)).contains(&key(&b)), b.starts_with(&a));
            let below = [a.clone(), more].concat();
            prop_assert!(KeyRange::prefix(&key(&a)).contains(&key(&below)));
            let behind = KeyRange::everything().after_prefix(&key(&a)).contains(&key(&b));
            prop_assert_eq!(behind, b > a && !b.starts_with(&a));
        }

        #[test]
        fn a_text_range_holds_exactly_the_parts_that_begin_with_it(a in tuple(), text in "[a\0\u{1}é]{0,3}", b in "[a\0\u{1}é]{0,4}") {
            let range = KeyRange::starting_with(&key(&a), &text);
            prop_assert_eq!(range.contains(&key(&a).part(&b).part_u64(1)), b.starts_with(&text));
            prop_assert!(!range.contains(&key(&a).part_u64(7)));
        }

        #[test]
        fn the_next_page_starts_right_after_the_last_key(a in tuple(), b in tuple(), c in tuple()) {
            let (prefix, last, other) = (key(&a), key(&[a.clone(), b.clone()].concat()), key(&[a.clone(), c.clone()].concat()));
            prop_assert_eq!(KeyRange::after(&prefix, &last).contains(&other), c > b);
            prop_assert_eq!(KeyRange::before(&prefix, &last).contains(&other), c < b);
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let key = Key::from_bytes(bytes);
            let _ = (key.parts(), key.last_text(), format!("{key:?}"));
        }
    }

    #[test]
    fn nothing_of_one_account_is_in_a_range_of_another() {
        let (a, b) = (AccountId::parse("111111111111").unwrap(), AccountId::parse("222222222222").unwrap());
        let region = Region::default();
        let range = KeyRange::prefix(&Key::new(&a, &region, "iam", "role"));
        assert!(range.contains(&Key::new(&a, &region, "iam", "role").part("x")));
        assert!(!range.contains(&Key::new(&b, &region, "iam", "role").part("x")));
        assert!(!range.contains(&Key::new(&a, &region, "iam", "role-policy").part("x")));
    }
}
