//! ListQueues, ListDeadLetterSourceQueues.

use api_sqs::types::*;
use kernel::Cx;
use store::{Direction, Key, KeyRange};

use crate::access::Action;
use crate::error::{Error, Result, invalid};
use crate::limits::PAGE_MAX;
use crate::model::name::QueueName;
use crate::records::{Place, Queue};
use crate::service::Service;

/// Which queues a page is made of.
struct Listing<'a> {
    operation: &'a str,
    /// What must be the same on the next page.
    parameters: &'a str,
    place: Place,
    range: KeyRange,
    max: Option<i32>,
    token: Option<&'a str>,
}

impl Service {
    pub(crate) fn list_names(&self, cx: &Cx, input: &ListQueuesRequest) -> Result<(Vec<String>, Option<String>)> {
        Self::not_of_a_queue(cx, "ListQueues")?;
        let place = Place { account: cx.account.clone(), region: cx.region.clone() };
        let prefix = input.queue_name_prefix.as_deref().unwrap_or_default();
        let range = match prefix {
            "" => KeyRange::prefix(&place.queues()),
            prefix => KeyRange::starting_with(&place.queues(), prefix),
        };
        let listing = Listing {
            operation: "ListQueues",
            parameters: prefix,
            place,
            range,
            max: input.max_results,
            token: input.next_token.as_deref(),
        };
        self.page(cx, &listing, |_| true)
    }

    pub(crate) fn list_sources(
        &self,
        cx: &Cx,
        input: ListDeadLetterSourceQueuesRequest,
    ) -> Result<(Vec<String>, Option<String>)> {
        let target = self.named(cx, input.queue_url, Action::Shared("ListDeadLetterSourceQueues"))?;
        let (place, arn) = (Place::of(target.name()), target.arn());
        let listing = Listing {
            operation: "ListDeadLetterSourceQueues",
            parameters: &arn,
            range: KeyRange::prefix(&place.queues()),
            place,
            max: input.max_results,
            token: input.next_token.as_deref(),
        };
        self.page(cx, &listing, |queue| queue.attributes.redrive.as_ref().is_some_and(|r| r.target_arn == arn))
    }

    fn page(
        &self,
        cx: &Cx,
        listing: &Listing<'_>,
        keep: impl Fn(&Queue) -> bool,
    ) -> Result<(Vec<String>, Option<String>)> {
        let Listing { operation, parameters, place, .. } = listing;
        let max = match listing.max {
            None => PAGE_MAX,
            Some(max) => usize::try_from(max)
                .ok()
                .filter(|max| (1..=PAGE_MAX).contains(max))
                .ok_or_else(|| invalid("MaxResults", max, "MaxResults must be an integer value between 1 and 1000."))?,
        };
        let mut range = listing.range.clone();
        if let Some(token) = listing.token.filter(|token| !token.is_empty()) {
            let position = self.page_tokens.open(&cx.account, &cx.region, operation, parameters, token);
            let refused = |_| Error::Invalid("Invalid or expired next token.".to_owned());
            range = range.continued_after(&Key::from_bytes(position.map_err(refused)?));
        }
        let (mut urls, mut last) = (Vec::new(), None);
        loop {
            let queues = self.store.scan_records::<Queue>(&range, PAGE_MAX, Direction::Forward)?;
            let Some((end, _)) = queues.last() else { return Ok((urls, None)) };
            range = range.continued_after(end);
            for (key, queue) in queues {
                if !keep(&queue) {
                    continue;
                }
                if urls.len() == max {
                    // Without MaxResults AWS gives the first thousand and no token.
                    let token = |last: &Key| {
                        self.page_tokens.issue(&cx.account, &cx.region, operation, parameters, last.as_bytes())
                    };
                    return Ok((urls, last.as_ref().filter(|_| listing.max.is_some()).map(token)));
                }
                let name = key.last_text().unwrap_or_default();
                let name = QueueName { account: place.account.clone(), region: place.region.clone(), name };
                urls.push(Self::url(cx, &name));
                last = Some(key);
            }
        }
    }
}
