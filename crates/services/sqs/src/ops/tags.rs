//! TagQueue, UntagQueue, ListQueueTags. Source: SQS API Reference, TagQueue; Developer Guide, "Amazon SQS cost allocation tags".

use api_sqs::types::*;
use kernel::{Cx, TagError};
use wire::Map;

use crate::access::Action;
use crate::error::{Error, Result, required};
use crate::limits::{TAG_KEY_CHARS, TAG_VALUE_CHARS_MAX, TAGS_MAX};
use crate::service::Service;

impl Service {
    pub(crate) async fn add_tags(&self, cx: &Cx, input: TagQueueRequest) -> Result<()> {
        let known = self.named(cx, input.queue_url, Action::Own("TagQueue"))?;
        let tags = required(input.tags.filter(|tags| !tags.is_empty()), "Tags")?;
        check_tags(&tags)?;
        self.change(&known, move |queue| {
            queue.tags.extend(tags);
            check_tags(&queue.tags)
        })
        .await
    }

    pub(crate) async fn remove_tags(&self, cx: &Cx, input: UntagQueueRequest) -> Result<()> {
        let known = self.named(cx, input.queue_url, Action::Own("UntagQueue"))?;
        let keys = required(input.tag_keys.filter(|keys| !keys.is_empty()), "TagKeys")?;
        self.change(&known, move |queue| {
            queue.tags.retain(|key, _| !keys.contains(key));
            Ok(())
        })
        .await
    }

    pub(crate) fn show_tags(&self, cx: &Cx, input: ListQueueTagsRequest) -> Result<Map<String>> {
        let known = self.named(cx, input.queue_url, Action::Own("ListQueueTags"))?;
        Ok(known.queue.tags.clone())
    }
}

pub(super) fn check_tags(tags: &Map<String>) -> Result<()> {
    let wrong = |words: String| Err(Error::Invalid(words));
    match kernel::check_tags(tags.keys().map(String::as_str)) {
        Err(TagError::TooMany { .. }) => {
            return wrong(format!("Too many tags for queue. A queue can have {TAGS_MAX} tags."));
        }
        Err(TagError::Reserved { .. }) => {
            return wrong("Tag keys starting with system prefix aws: are not allowed for external use.".to_owned());
        }
        Err(TagError::Duplicate { .. }) | Ok(()) => {}
    }
    for (key, value) in tags {
        if !TAG_KEY_CHARS.contains(&key.chars().count()) {
            return wrong("Tag keys must be between 1 and 128 characters in length.".to_owned());
        }
        if value.chars().count() > TAG_VALUE_CHARS_MAX {
            return wrong("Tag values must be between 0 and 256 characters in length.".to_owned());
        }
    }
    Ok(())
}
