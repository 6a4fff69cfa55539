//! Pages of lists.

use kernel::Cx;

use crate::error::Error;
use crate::service::Shared;

impl Shared {
    /// Where a list goes on: after this name. Errors: a marker that was given for something else.
    pub fn page_start(
        &self,
        cx: &Cx,
        operation: &str,
        parameters: &str,
        marker: Option<&str>,
    ) -> Result<Option<String>, Error> {
        let Some(marker) = marker.filter(|marker| !marker.is_empty()) else { return Ok(None) };
        let position = self.page_tokens.open(&cx.account, &cx.region, operation, parameters, marker).ok();
        let position = position.and_then(|position| String::from_utf8(position).ok());
        position.map(Some).ok_or_else(|| Error::invalid("Invalid pagination token."))
    }

    /// Cuts a page of named items out of all that follow `start`, and gives the marker of the next one.
    pub fn page<T>(
        &self,
        cx: &Cx,
        operation: &str,
        parameters: &str,
        items: impl Iterator<Item = (String, T)>,
        max: usize,
    ) -> (Vec<T>, Option<String>) {
        let mut items = items.peekable();
        let (mut page, mut last) = (Vec::new(), None);
        while page.len() < max {
            let Some((name, item)) = items.next() else { break };
            page.push(item);
            last = Some(name);
        }
        let more = items.peek().is_some();
        let next = last
            .filter(|_| more)
            .map(|last| self.page_tokens.issue(&cx.account, &cx.region, operation, parameters, last.as_bytes()));
        (page, next)
    }
}

/// How many items a page holds: what was asked for, within what AWS gives.
pub fn page_size(asked: Option<i32>, most: usize) -> usize {
    asked.and_then(|asked| usize::try_from(asked).ok()).unwrap_or(most).clamp(1, most)
}
