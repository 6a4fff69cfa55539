//! The trace that a batch goes on with: its messages may come from several.
//! Source: Lambda Developer Guide, "Use Lambda recursive loop detection to prevent infinite loops".

/// The header whose chain has called functions most often, so that a loop is noticed whatever else is in the batch.
pub(crate) fn farthest<'a>(headers: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut farthest: Option<(u64, &str)> = None;
    for header in headers {
        let calls = calls(header);
        if farthest.is_none_or(|(most, _)| calls > most) {
            farthest = Some((calls, header));
        }
    }
    farthest.map(|(_, header)| header)
}

/// The highest count of `Lineage=1:HASH:COUNT|…`.
fn calls(header: &str) -> u64 {
    let lineage = header.split(';').filter_map(|part| part.trim().strip_prefix("Lineage="));
    let counts = lineage.flat_map(|lineage| lineage.split('|')).filter_map(|entry| entry.rsplit(':').next());
    counts.filter_map(|count| count.parse().ok()).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_goes_on_with_the_longest_chain_in_it() {
        let headers = ["Root=1-a", "Root=1-b;Lineage=1:ab:2|1:cd:9", "Root=1-c;Lineage=1:ab:3", "Lineage=::"];
        assert_eq!(farthest(headers.into_iter()), Some(headers[1]));
        assert_eq!(farthest(["Root=1-a", "Root=1-b"].into_iter()), Some("Root=1-a"));
        assert_eq!(farthest(std::iter::empty()), None);
    }
}
