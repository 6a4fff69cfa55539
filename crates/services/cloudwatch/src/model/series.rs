//! What tells one metric from another: namespace, name and dimensions.

use std::fmt;

use sha2::{Digest, Sha256};

/// The first 16 bytes of the SHA-256 of a metric's names: short, and the same in every life of the server.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SeriesId(pub [u8; 16]);

impl fmt::Debug for SeriesId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", hex::encode(self.0))
    }
}

/// Shape: `dimensions` are by name; the order in which a caller gives them says nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Series {
    pub namespace: String,
    pub name: String,
    pub dimensions: Vec<(String, String)>,
}

impl Series {
    pub(crate) fn new(namespace: &str, name: &str, mut dimensions: Vec<(String, String)>) -> Self {
        dimensions.sort_unstable();
        Self { namespace: namespace.to_owned(), name: name.to_owned(), dimensions }
    }

    pub(crate) fn id(&self) -> SeriesId {
        let mut hash = Sha256::new();
        let dimensions = self.dimensions.iter().flat_map(|(name, value)| [name, value]);
        for part in [&self.namespace, &self.name].into_iter().chain(dimensions) {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        let digest = hash.finalize();
        let mut id = [0; 16];
        id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        SeriesId(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(dimensions: &[(&str, &str)]) -> Series {
        Series::new("n", "m", dimensions.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect())
    }

    #[test]
    fn the_order_of_dimensions_says_nothing() {
        assert_eq!(series(&[("a", "1"), ("b", "2")]).id(), series(&[("b", "2"), ("a", "1")]).id());
    }

    #[test]
    fn names_do_not_run_into_each_other() {
        assert_ne!(series(&[("ab", "c")]).id(), series(&[("a", "bc")]).id());
        assert_ne!(series(&[("a", "b")]).id(), series(&[]).id());
    }
}
