//! Tags of alarms, by ARN.

use std::collections::BTreeMap;

use api_cloudwatch::types::{ListTagsForResourceOutput, Tag, TagResourceInput, UntagResourceInput};
use kernel::{Arn, Cx};

use crate::error::{Error, Result};
use crate::limits::TAGS_MAX;
use crate::model::alarm::Alarm;
use crate::records::Place;
use crate::service::Service;

pub(crate) fn check_tags(tags: &BTreeMap<String, String>) -> Result<()> {
    if tags.len() > TAGS_MAX {
        return Err(Error::Invalid(format!("The collection Tags must not have a size greater than {TAGS_MAX}.")));
    }
    Ok(())
}

/// The alarm's name. Errors: it is no ARN; or of something that is not here.
fn alarm_of(cx: &Cx, arn: &str) -> Result<String> {
    let parsed: Arn =
        arn.parse().map_err(|_| Error::Invalid(format!("The value {arn} for parameter ResourceARN is invalid.")))?;
    let here = parsed.service == "cloudwatch"
        && parsed.region == cx.region.to_string()
        && parsed.account == cx.account.as_str();
    let name = parsed.resource.strip_prefix("alarm:").filter(|_| here);
    name.map(str::to_owned).ok_or_else(|| Error::NoSuchResource(arn.to_owned()))
}

impl Service {
    pub(crate) fn tags(&self, cx: &Cx, arn: &str) -> Result<ListTagsForResourceOutput> {
        let key = Place::of(cx).alarm(&alarm_of(cx, arn)?);
        let alarm: Alarm = self.store.get_record(&key)?.ok_or_else(|| Error::NoSuchResource(arn.to_owned()))?;
        let tags = alarm.tags.into_iter().map(|(key, value)| Tag { key, value });
        Ok(ListTagsForResourceOutput { tags: Some(tags.collect()) })
    }

    pub(crate) async fn tag(&self, cx: &Cx, input: TagResourceInput) -> Result<()> {
        self.change_tags(cx, input.resource_arn, move |tags| {
            tags.extend(input.tags.into_iter().map(|tag| (tag.key, tag.value)));
        })
        .await
    }

    pub(crate) async fn untag(&self, cx: &Cx, input: UntagResourceInput) -> Result<()> {
        self.change_tags(cx, input.resource_arn, move |tags| tags.retain(|key, _| !input.tag_keys.contains(key))).await
    }

    async fn change_tags(
        &self,
        cx: &Cx,
        arn: String,
        change: impl FnOnce(&mut BTreeMap<String, String>) + Send + 'static,
    ) -> Result<()> {
        let key = Place::of(cx).alarm(&alarm_of(cx, &arn)?);
        self.store
            .transact(move |txn| {
                let mut alarm: Alarm = txn.get_record(&key)?.ok_or(Error::NoSuchResource(arn))?;
                change(&mut alarm.tags);
                check_tags(&alarm.tags)?;
                Ok(txn.put_record(key, &alarm)?)
            })
            .await
    }
}
