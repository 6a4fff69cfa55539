//! Tags of IAM: 50 an entity, keys that differ in more than case.

use std::collections::BTreeSet;

use crate::error::Error;
use crate::limits::TAGS_MAX;
use crate::records::Tag;

/// Checks what a request brings: no key twice (case counts for nothing), none of AWS's own.
pub fn check(tags: &[Tag]) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    for tag in tags {
        let key = tag.key.to_lowercase();
        if key.starts_with("aws:") {
            return Err(Error::ReservedTag(tag.key.clone()));
        }
        if !seen.insert(key) {
            return Err(Error::DuplicateTags);
        }
    }
    within(tags.len())
}

/// Adds `new` to `tags`, replacing the values of keys that are there.
pub fn merge(tags: &mut Vec<Tag>, new: Vec<Tag>) -> Result<(), Error> {
    check(&new)?;
    for tag in new {
        match tags.iter_mut().find(|old| old.key.eq_ignore_ascii_case(&tag.key)) {
            Some(old) => *old = tag,
            None => tags.push(tag),
        }
    }
    within(tags.len())
}

/// Takes the named keys away. One that is not there is no error.
pub fn remove(tags: &mut Vec<Tag>, keys: &[String]) {
    tags.retain(|tag| !keys.iter().any(|key| key.eq_ignore_ascii_case(&tag.key)));
}

fn within(count: usize) -> Result<(), Error> {
    if count > TAGS_MAX { Err(Error::TooManyTags(count)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(key: &str, value: &str) -> Tag {
        Tag { key: key.into(), value: value.into() }
    }

    #[test]
    fn a_key_that_is_there_gets_the_new_value() {
        let mut tags = vec![tag("a", "1"), tag("b", "2")];
        merge(&mut tags, vec![tag("B", "3"), tag("c", "4")]).unwrap();
        assert_eq!(tags, vec![tag("a", "1"), tag("B", "3"), tag("c", "4")]);
        remove(&mut tags, &["A".into(), "none".into()]);
        assert_eq!(tags.len(), 2);
    }

    #[test]
    fn reserved_duplicate_and_too_many_keys_are_refused() {
        assert!(matches!(check(&[tag("aws:x", "")]), Err(Error::ReservedTag(_))));
        assert!(matches!(check(&[tag("x", ""), tag("X", "")]), Err(Error::DuplicateTags)));
        let many: Vec<Tag> = (0..51).map(|n| tag(&n.to_string(), "")).collect();
        assert!(matches!(check(&many), Err(Error::TooManyTags(51))));
        assert!(check(&many[..50]).is_ok());
    }
}
