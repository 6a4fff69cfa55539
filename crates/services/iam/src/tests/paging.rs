use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::paging::Page;

/// Walks all pages of at most `size` items.
fn walk<T>(
    world: &World,
    size: i32,
    page: impl Fn(crate::paging::Question<'_>) -> Result<Page<T>, crate::Error>,
) -> Vec<T> {
    let (cx, mut all, mut marker) = (a(), Vec::new(), None);
    loop {
        let question = world.directory.question(&cx, "ListThings", "p".to_owned(), marker, Some(size));
        let Page { items, marker: next } = page(question).unwrap();
        assert!(items.len() <= usize::try_from(size).unwrap() && (next.is_none() || !items.is_empty()));
        all.extend(items);
        marker = next;
        if marker.is_none() {
            return all;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn pages_of_any_size_hold_everything_once_and_in_order(names in proptest::collection::btree_set("[a-z0-9.@-]{1,12}", 0..40), size in 1..12_i32) {
        let world = world();
        let given: Vec<String> = names.iter().rev().cloned().collect();
        let expected: Vec<String> = names.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
        prop_assert_eq!(walk(&world, size, |question| question.of(given.clone(), String::clone)), expected);
        prop_assert_eq!(walk(&world, size, |question| question.numbered(given.clone())), given);
    }

    #[test]
    fn no_marker_panics(marker in "\\PC{1,80}") {
        let (world, cx) = (world(), a());
        let question = world.directory.question(&cx, "ListThings", String::new(), Some(marker), None);
        prop_assert!(matches!(question.of(vec![1], ToString::to_string), Err(crate::Error::InvalidMarker)));
    }
}
