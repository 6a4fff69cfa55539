//! GetQueueAttributes, SetQueueAttributes.

use std::collections::BTreeSet;

use api_sqs::types::*;
use kernel::Cx;
use wire::Map;

use crate::access::Action;
use crate::error::{Error, Result, required};
use crate::machine::{Command, Counts, Out};
use crate::model::attributes;
use crate::service::Service;

impl Service {
    pub(crate) async fn show_attributes(&self, cx: &Cx, input: GetQueueAttributesRequest) -> Result<Map<String>> {
        let known = self.named(cx, input.queue_url, Action::Shared("GetQueueAttributes"))?;
        let asked: BTreeSet<String> =
            input.attribute_names.iter().flatten().map(|name| name.as_str().to_owned()).collect();
        if let Some(unknown) = asked.iter().find(|name| !attributes::is_known(name)) {
            return Err(Error::UnknownAttribute(unknown.clone()));
        }
        let wanted = |name: &str| asked.contains("All") || asked.contains(name);
        let mut shown = known.queue.attributes.shown();
        shown.extend([
            ("QueueArn", known.arn()),
            ("CreatedTimestamp", known.queue.created.to_string()),
            ("LastModifiedTimestamp", known.queue.modified.to_string()),
        ]);
        if attributes::COUNTED.iter().take(3).any(|name| wanted(name)) {
            let counts = match self.call(&known.id, Command::Count).await? {
                Out::Counts(counts) => counts,
                _ => Counts::default(),
            };
            shown.extend([
                ("ApproximateNumberOfMessages", counts.visible.to_string()),
                ("ApproximateNumberOfMessagesNotVisible", counts.in_flight.to_string()),
                ("ApproximateNumberOfMessagesDelayed", counts.delayed.to_string()),
            ]);
        }
        let shown = shown.into_iter().filter(|(name, _)| wanted(name));
        Ok(shown.map(|(name, value)| (name.to_owned(), value)).collect())
    }

    pub(crate) async fn set_attributes(&self, cx: &Cx, input: SetQueueAttributesRequest) -> Result<()> {
        let known = self.named(cx, input.queue_url, Action::Own("SetQueueAttributes"))?;
        let given = required(input.attributes.filter(|given| !given.is_empty()), "Attribute.Name")?;
        let asked = known.queue.attributes.with(&given)?;
        if let Some(policy) = given.get("RedrivePolicy") {
            self.check_target(known.name(), &asked, policy)?;
        }
        self.change(&known, move |queue| {
            queue.attributes = queue.attributes.with(&given)?;
            Ok(())
        })
        .await
    }
}
