//! Pages: `MaxItems`, `Marker`, `IsTruncated`.

use kernel::{Cx, PageTokens};
use store::{Key, KeyRange, Record};

use crate::error::Error;
use crate::limits::PAGE_ITEMS;
use crate::records::Read;

/// Records that one scan reads at most while looking for those that a page wants.
const SCANNED_AT_ONCE: usize = 256;

/// One page of something, and the marker of the next.
pub struct Page<T> {
    pub items: Vec<T>,
    pub marker: Option<String>,
}

impl<T> Page<T> {
    pub fn truncated(&self) -> Option<bool> {
        Some(self.marker.is_some())
    }
}

/// What a list request asked for.
pub struct Question<'a> {
    pub cx: &'a Cx,
    pub tokens: &'a PageTokens,
    pub operation: &'a str,
    /// What must be the same on the next page.
    pub parameters: String,
    pub marker: Option<String>,
    pub max_items: Option<i32>,
}

impl Question<'_> {
    fn limit(&self) -> usize {
        self.max_items.and_then(|max| usize::try_from(max).ok()).unwrap_or(PAGE_ITEMS).max(1)
    }

    fn position(&self) -> Result<Option<Vec<u8>>, Error> {
        let Self { cx, tokens, operation, parameters, .. } = self;
        let open = |marker: &String| tokens.open(&cx.account, &cx.region, operation, parameters, marker);
        self.marker.as_ref().map(open).transpose().map_err(|_| Error::InvalidMarker)
    }

    fn issue(&self, position: &[u8]) -> String {
        self.tokens.issue(&self.cx.account, &self.cx.region, self.operation, &self.parameters, position)
    }

    /// A page of records below `prefix`, in the order of their keys, of those that `wanted` wants.
    pub fn records<R: Record>(
        &self,
        read: &impl Read,
        prefix: &Key,
        mut wanted: impl FnMut(&R) -> bool,
    ) -> Result<Page<R>, Error> {
        let limit = self.limit();
        let mut last = self.position()?.map(|last| prefix.clone().part(last));
        let mut items: Vec<R> = Vec::new();
        let mut last_taken = None;
        loop {
            let range = last.as_ref().map_or_else(|| KeyRange::prefix(prefix), |key| KeyRange::after(prefix, key));
            let found = read.records::<R>(&range, SCANNED_AT_ONCE)?;
            let exhausted = found.len() < SCANNED_AT_ONCE;
            for (key, record) in found {
                if wanted(&record) {
                    if items.len() == limit {
                        return Ok(Page { items, marker: last_taken.map(|name: String| self.issue(name.as_bytes())) });
                    }
                    last_taken = key.last_text();
                    items.push(record);
                }
                last = Some(key);
            }
            if exhausted {
                return Ok(Page { items, marker: None });
            }
        }
    }

    /// A page of what is in memory already, sorted by `name`.
    pub fn of<T>(&self, mut all: Vec<T>, name: impl Fn(&T) -> String) -> Result<Page<T>, Error> {
        all.sort_by_key(&name);
        let after = self.position()?.and_then(|bytes| String::from_utf8(bytes).ok());
        let mut items: Vec<T> =
            all.into_iter().filter(|item| after.as_ref().is_none_or(|after| name(item) > *after)).collect();
        let more = items.len() > self.limit();
        items.truncate(self.limit());
        let marker = items.last().filter(|_| more).map(|item| self.issue(name(item).as_bytes()));
        Ok(Page { items, marker })
    }

    /// A page of a short list whose items have no short names: positions are counted.
    pub fn numbered<T>(&self, all: Vec<T>) -> Result<Page<T>, Error> {
        let Page { items, marker } = self.of(all.into_iter().enumerate().collect(), |(at, _)| format!("{at:06}"))?;
        Ok(Page { items: items.into_iter().map(|(_, item)| item).collect(), marker })
    }
}
