//! CreateEventSourceMapping, UpdateEventSourceMapping, DeleteEventSourceMapping.

use api_lambda::types::{
    CreateEventSourceMappingRequest, DeleteEventSourceMappingRequest, EventSourceMappingConfiguration,
    UpdateEventSourceMappingRequest,
};
use kernel::{Cx, check_tags, id};
use store::{Direction, KeyRange, Txn};

use super::asked;
use crate::error::{Error, Result};
use crate::model::names::{SourceKind, function_name};
use crate::model::settings::Settings;
use crate::model::state::State;
use crate::present::show;
use crate::records::{MappingId, MappingRecord};
use crate::service::Service;

impl Service {
    /// Shape: answers while the mapping is `Creating`. Errors, in AWS's order: the parameters, the function, the queue, another
    /// mapping of the two. Source: Lambda API Reference, CreateEventSourceMapping; recorded lambda_esm, lambda_api.
    pub(crate) async fn create_event_source_mapping(
        &self,
        cx: &Cx,
        input: CreateEventSourceMappingRequest,
    ) -> Result<EventSourceMappingConfiguration> {
        let event_source_arn = input.event_source_arn.clone().ok_or(Error::UnknownSource)?;
        let kind = SourceKind::of_arn(&event_source_arn).ok_or(Error::UnknownSource)?;
        let (name, enabled) = (input.function_name.clone(), input.enabled.unwrap_or(true));
        let tags = input.tags.clone().unwrap_or_default();
        check_tags(tags.keys().map(String::as_str))?;
        let settings = Settings::default().changed(asked::of_create(&kind, input)?);
        settings.check(&kind).map_err(Error::Settings)?;
        let function = self.named_function(cx, &name).await?;
        self.check_source(cx, &kind, &event_source_arn, &function).await?;
        let mapping = MappingId::of(cx, &id::uuid(&*self.rng));
        let record = MappingRecord {
            event_source_arn,
            function_arn: function.function_arn.unwrap_or_default(),
            settings,
            enabled,
            state: State::Creating,
            last_modified: self.clock.wall(),
            problem: None,
            tags,
        };
        let answer = show(&mapping, &record);
        let made = mapping.clone();
        self.store
            .transact::<_, Error, _>(move |txn| {
                refuse_second(txn, &made, &record)?;
                txn.put(made.notice(), "")?;
                Ok(txn.put_record(made.key(), &record)?)
            })
            .await?;
        self.wanted.changed(mapping);
        Ok(answer)
    }

    /// Shape: answers while the mapping is `Enabling`, `Disabling` or `Updating`.
    /// Source: Lambda API Reference, UpdateEventSourceMapping; recorded lambda_esm.
    pub(crate) async fn update_event_source_mapping(
        &self,
        cx: &Cx,
        input: UpdateEventSourceMappingRequest,
    ) -> Result<EventSourceMappingConfiguration> {
        let mapping = MappingId::of(cx, &input.uuid);
        let known = self.known(&mapping)?;
        let kind = SourceKind::of_arn(&known.event_source_arn).ok_or(Error::UnknownSource)?;
        let (name, enabled) = (input.function_name.clone(), input.enabled);
        let asked = asked::of_update(&kind, input)?;
        known.settings.changed(asked.clone()).check(&kind).map_err(Error::Settings)?;
        let function_arn = match name {
            None => None,
            Some(name) => {
                let function = self.named_function(cx, &name).await?;
                self.check_source(cx, &kind, &known.event_source_arn, &function).await?;
                function.function_arn
            }
        };
        let (changed, now) = (mapping.clone(), self.clock.wall());
        let record = self
            .store
            .transact::<_, Error, _>(move |txn| {
                let before: MappingRecord = txn.get_record(&changed.key())?.ok_or(Error::NotFound)?;
                let enabled = enabled.unwrap_or(before.enabled);
                let record = MappingRecord {
                    state: before.state.on_update(before.enabled, enabled).ok_or(Error::InUse("update"))?,
                    enabled,
                    settings: before.settings.changed(asked),
                    function_arn: function_arn.unwrap_or(before.function_arn),
                    last_modified: now,
                    ..before
                };
                // Another change may have come between.
                record.settings.check(&kind).map_err(Error::Settings)?;
                refuse_second(txn, &changed, &record)?;
                txn.put_record(changed.key(), &record)?;
                Ok(record)
            })
            .await?;
        let answer = show(&mapping, &record);
        if !kernel::sabotaged!("a mapping does not hear of a change") {
            self.wanted.changed(mapping);
        }
        Ok(answer)
    }

    /// Shape: answers while the mapping is `Deleting`; batches that are out end as they would have.
    /// Source: Lambda API Reference, DeleteEventSourceMapping.
    pub(crate) async fn delete_event_source_mapping(
        &self,
        cx: &Cx,
        input: DeleteEventSourceMappingRequest,
    ) -> Result<EventSourceMappingConfiguration> {
        let mapping = MappingId::of(cx, &input.uuid);
        let (deleted, now) = (mapping.clone(), self.clock.wall());
        let record = self
            .store
            .transact::<_, Error, _>(move |txn| {
                let before: MappingRecord = txn.get_record(&deleted.key())?.ok_or(Error::NotFound)?;
                if before.state == State::Deleting {
                    return Err(Error::InUse("delete"));
                }
                let record = MappingRecord { state: State::Deleting, enabled: false, last_modified: now, ..before };
                txn.put_record(deleted.key(), &record)?;
                Ok(record)
            })
            .await?;
        let answer = show(&mapping, &record);
        if !kernel::sabotaged!("a deleted mapping reads on") {
            self.wanted.changed(mapping);
        }
        Ok(answer)
    }
}

/// Errors: another mapping of the same source and function.
fn refuse_second(txn: &Txn, own: &MappingId, record: &MappingRecord) -> Result<()> {
    let all = KeyRange::prefix(&own.place.mappings());
    for (key, other) in txn.scan_records::<MappingRecord>(&all, usize::MAX, Direction::Forward)? {
        let same = other.event_source_arn == record.event_source_arn && other.function_arn == record.function_arn;
        if same && key != own.key() {
            return Err(Error::Exists {
                source_arn: record.event_source_arn.clone(),
                function: function_name(&record.function_arn).to_owned(),
                uuid: key.last_text().unwrap_or_default(),
            });
        }
    }
    Ok(())
}
