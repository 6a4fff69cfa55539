/// Tags per resource. Source: AWS General Reference, "Tag naming limits and requirements".
pub const TAGS_MAX: usize = 50;

/// What is wrong with a set of tags; each service words it in its own way.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum TagError {
    #[error("{count} tags, the limit is {TAGS_MAX}")]
    TooMany { count: usize },
    #[error("the key '{key}' begins with aws:, which is reserved")]
    Reserved { key: String },
    #[error("the key '{key}' appears twice")]
    Duplicate { key: String },
}

/// Checks the whole set that a resource would have.
pub fn check_tags<'a>(keys: impl Iterator<Item = &'a str>) -> Result<(), TagError> {
    let mut seen = std::collections::BTreeSet::new();
    for key in keys {
        if key.get(..4).is_some_and(|p| p.eq_ignore_ascii_case("aws:")) {
            return Err(TagError::Reserved { key: key.to_owned() });
        }
        if !seen.insert(key) {
            return Err(TagError::Duplicate { key: key.to_owned() });
        }
    }
    if seen.len() > TAGS_MAX { Err(TagError::TooMany { count: seen.len() }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifty_pass_and_fifty_one_do_not() {
        let keys: Vec<String> = (0..51).map(|n| n.to_string()).collect();
        assert_eq!(check_tags(keys[..50].iter().map(String::as_str)), Ok(()));
        assert_eq!(check_tags(keys.iter().map(String::as_str)), Err(TagError::TooMany { count: 51 }));
    }

    #[test]
    fn the_aws_prefix_is_refused_in_any_case() {
        assert!(matches!(check_tags(["AWS:x"].into_iter()), Err(TagError::Reserved { .. })));
        assert!(matches!(check_tags(["a", "a"].into_iter()), Err(TagError::Duplicate { .. })));
    }
}
