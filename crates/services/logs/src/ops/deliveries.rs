//! Delivery sources, delivery destinations and the deliveries that join them: kept, nothing is delivered through them yet.

use api_logs::types::{
    CreateDeliveryRequest, DeliveryDestinationConfiguration, DescribeDeliveriesRequest, DescribeDeliveriesResponse,
    DescribeDeliveryDestinationsRequest, DescribeDeliveryDestinationsResponse, DescribeDeliverySourcesRequest,
    DescribeDeliverySourcesResponse, PutDeliveryDestinationRequest, PutDeliverySourceRequest, S3DeliveryConfiguration,
    UpdateDeliveryConfigurationRequest,
};
use kernel::{Arn, Cx, id};
use store::{Direction, Key, KeyRange, Record, Txn};

use super::tags::{Tags, check_tags};
use crate::error::{Error, Result};
use crate::limits::{DESCRIBE_MAX, RECORDS_PER_SCAN};
use crate::records::{Delivery, DeliveryDestination, DeliverySource, Place};
use crate::service::{Listing, Service, arn, limit_of};

type Described<T> = Result<(Vec<T>, Option<String>)>;

impl Service {
    pub(crate) async fn put_delivery_source(
        &self,
        cx: &Cx,
        input: PutDeliverySourceRequest,
    ) -> Result<api_logs::types::DeliverySource> {
        let PutDeliverySourceRequest { name, resource_arn, log_type, tags, delivery_source_configuration } = input;
        let tags = tags.unwrap_or_default();
        check_tags(&tags)?;
        let resource: Arn = resource_arn.parse().map_err(|_| invalid_arn(&resource_arn))?;
        let record = DeliverySource {
            resource_arn,
            service: resource.service,
            log_type,
            configuration: delivery_source_configuration,
            tags,
        };
        let kept = self.put_kept(Place::of(cx).delivery_sources().part(&name), record, keep_tags_of_source).await?;
        Ok(describe_source(cx, name, kept))
    }

    pub(crate) fn get_delivery_source(&self, cx: &Cx, name: String) -> Result<api_logs::types::DeliverySource> {
        let record = self.store.get_record(&Place::of(cx).delivery_sources().part(&name))?.ok_or_else(no_source)?;
        Ok(describe_source(cx, name, record))
    }

    pub(crate) fn describe_delivery_sources(
        &self,
        cx: &Cx,
        input: DescribeDeliverySourcesRequest,
    ) -> Result<DescribeDeliverySourcesResponse> {
        let wanted = input.resource_arns;
        let (delivery_sources, next_token) = self.describe_kept(
            cx,
            ("DescribeDeliverySources", format!("{wanted:?}"), Place::of(cx).delivery_sources()),
            (input.limit, input.next_token.as_deref()),
            |_, record: &DeliverySource| wanted.as_ref().is_none_or(|wanted| wanted.contains(&record.resource_arn)),
            describe_source,
        )?;
        Ok(DescribeDeliverySourcesResponse { delivery_sources: Some(delivery_sources), next_token })
    }

    pub(crate) async fn delete_delivery_source(&self, cx: &Cx, name: String) -> Result<()> {
        let place = Place::of(cx);
        self.store
            .transact(move |txn| {
                let key = place.delivery_sources().part(&name);
                txn.get(&key)?.ok_or_else(no_source)?;
                refuse_while_used(txn, &place, |delivery| delivery.source == name)?;
                txn.delete(key);
                Ok(())
            })
            .await
    }

    pub(crate) async fn put_delivery_destination(
        &self,
        cx: &Cx,
        input: PutDeliveryDestinationRequest,
    ) -> Result<api_logs::types::DeliveryDestination> {
        let tags = input.tags.unwrap_or_default();
        check_tags(&tags)?;
        let resource_arn = input.delivery_destination_configuration.map(|given| given.destination_resource_arn);
        let kind = match (&input.delivery_destination_type, &resource_arn) {
            (Some(kind), _) => kind.as_str().to_owned(),
            (None, Some(arn)) => kind_of(arn)?.to_owned(),
            (None, None) => {
                let words = "Either deliveryDestinationType or deliveryDestinationConfiguration must be specified.";
                return Err(Error::Validation(words.to_owned()));
            }
        };
        let record = DeliveryDestination {
            kind,
            output_format: input.output_format.map(|format| format.as_str().to_owned()),
            resource_arn,
            role_arn: input.role_arn,
            policy: None,
            tags,
        };
        let key = Place::of(cx).delivery_destinations().part(&input.name);
        let kept = self.put_kept(key, record, keep_tags_of_destination).await?;
        Ok(describe_destination(cx, input.name, kept))
    }

    pub(crate) fn get_delivery_destination(
        &self,
        cx: &Cx,
        name: String,
    ) -> Result<api_logs::types::DeliveryDestination> {
        let key = Place::of(cx).delivery_destinations().part(&name);
        let record = self.store.get_record(&key)?.ok_or_else(no_destination)?;
        Ok(describe_destination(cx, name, record))
    }

    pub(crate) fn describe_delivery_destinations(
        &self,
        cx: &Cx,
        input: DescribeDeliveryDestinationsRequest,
    ) -> Result<DescribeDeliveryDestinationsResponse> {
        let wanted = input.names;
        let (delivery_destinations, next_token) = self.describe_kept(
            cx,
            ("DescribeDeliveryDestinations", format!("{wanted:?}"), Place::of(cx).delivery_destinations()),
            (input.limit, input.next_token.as_deref()),
            |name, _: &DeliveryDestination| wanted.as_ref().is_none_or(|wanted| wanted.iter().any(|one| one == name)),
            describe_destination,
        )?;
        Ok(DescribeDeliveryDestinationsResponse { delivery_destinations: Some(delivery_destinations), next_token })
    }

    pub(crate) async fn delete_delivery_destination(&self, cx: &Cx, name: String) -> Result<()> {
        let (place, arn) = (Place::of(cx), destination_arn(cx, &name));
        self.store
            .transact(move |txn| {
                let key = place.delivery_destinations().part(&name);
                txn.get(&key)?.ok_or_else(no_destination)?;
                refuse_while_used(txn, &place, |delivery| delivery.destination_arn == arn)?;
                txn.delete(key);
                Ok(())
            })
            .await
    }

    /// Sets, or with `None` deletes, a destination's policy.
    pub(crate) async fn set_delivery_policy(&self, cx: &Cx, name: String, policy: Option<String>) -> Result<()> {
        let key = Place::of(cx).delivery_destinations().part(name);
        self.store
            .transact(move |txn| {
                let mut record: DeliveryDestination = txn.get_record(&key)?.ok_or_else(no_destination)?;
                if policy.is_none() && record.policy.is_none() {
                    return Err(no_policy());
                }
                record.policy = policy;
                Ok(txn.put_record(key, &record)?)
            })
            .await
    }

    pub(crate) fn delivery_policy(&self, cx: &Cx, name: &str) -> Result<Option<String>> {
        let key = Place::of(cx).delivery_destinations().part(name);
        let record: DeliveryDestination = self.store.get_record(&key)?.ok_or_else(no_destination)?;
        Ok(record.policy)
    }

    pub(crate) async fn create_delivery(
        &self,
        cx: &Cx,
        input: CreateDeliveryRequest,
    ) -> Result<api_logs::types::Delivery> {
        let tags = input.tags.unwrap_or_default();
        check_tags(&tags)?;
        let place = Place::of(cx);
        let id = id::hex_digits(&*self.rng, 16);
        let given: Arn =
            input.delivery_destination_arn.parse().map_err(|_| invalid_arn(&input.delivery_destination_arn))?;
        let destination = given.resource.strip_prefix("delivery-destination:").unwrap_or_default().to_owned();
        let s3 = input.s3_delivery_configuration.unwrap_or_default();
        let mut delivery = Delivery {
            source: input.delivery_source_name,
            destination_arn: input.delivery_destination_arn,
            destination_kind: String::new(),
            record_fields: input.record_fields,
            field_delimiter: input.field_delimiter,
            suffix_path: s3.suffix_path,
            hive_paths: s3.enable_hive_compatible_path,
            tags,
        };
        let key = place.deliveries().part(&id);
        let kept = self
            .store
            .transact(move |txn| {
                txn.get(&place.delivery_sources().part(&delivery.source))?.ok_or_else(no_source)?;
                let target: DeliveryDestination =
                    txn.get_record(&place.delivery_destinations().part(&destination))?.ok_or_else(no_destination)?;
                delivery.destination_kind = target.kind;
                let twin = deliveries(txn, &place)?.into_iter().any(|(_, other)| {
                    other.source == delivery.source && other.destination_arn == delivery.destination_arn
                });
                if twin {
                    return Err(Error::Conflict("Delivery already exists in this account.".to_owned()));
                }
                txn.put_record(key, &delivery)?;
                Ok(delivery)
            })
            .await?;
        Ok(describe_delivery(cx, id, kept))
    }

    pub(crate) fn get_delivery(&self, cx: &Cx, id: String) -> Result<api_logs::types::Delivery> {
        let record = self.store.get_record(&Place::of(cx).deliveries().part(&id))?.ok_or_else(no_delivery)?;
        Ok(describe_delivery(cx, id, record))
    }

    pub(crate) fn describe_deliveries(
        &self,
        cx: &Cx,
        input: DescribeDeliveriesRequest,
    ) -> Result<DescribeDeliveriesResponse> {
        let wanted = input.delivery_source_names;
        let (deliveries, next_token) = self.describe_kept(
            cx,
            ("DescribeDeliveries", format!("{wanted:?}"), Place::of(cx).deliveries()),
            (input.limit, input.next_token.as_deref()),
            |_, record: &Delivery| wanted.as_ref().is_none_or(|wanted| wanted.contains(&record.source)),
            describe_delivery,
        )?;
        Ok(DescribeDeliveriesResponse { deliveries: Some(deliveries), next_token })
    }

    pub(crate) async fn update_delivery(&self, cx: &Cx, input: UpdateDeliveryConfigurationRequest) -> Result<()> {
        let key = Place::of(cx).deliveries().part(&input.id);
        self.store
            .transact(move |txn| {
                let mut record: Delivery = txn.get_record(&key)?.ok_or_else(no_delivery)?;
                if input.record_fields.is_some() {
                    record.record_fields = input.record_fields;
                }
                if input.field_delimiter.is_some() {
                    record.field_delimiter = input.field_delimiter;
                }
                if let Some(s3) = input.s3_delivery_configuration {
                    record.suffix_path = s3.suffix_path;
                    record.hive_paths = s3.enable_hive_compatible_path;
                }
                Ok(txn.put_record(key, &record)?)
            })
            .await
    }

    pub(crate) async fn delete_delivery(&self, cx: &Cx, id: String) -> Result<()> {
        let key = Place::of(cx).deliveries().part(id);
        self.store
            .transact(move |txn| {
                txn.get(&key)?.ok_or_else(no_delivery)?;
                txn.delete(key);
                Ok(())
            })
            .await
    }

    /// Puts a record whole; `keep` takes over what an update does not change.
    async fn put_kept<R: Record + Send + 'static>(&self, key: Key, mut record: R, keep: fn(R, &mut R)) -> Result<R> {
        self.store
            .transact(move |txn| {
                if let Some(before) = txn.get_record::<R>(&key)? {
                    keep(before, &mut record);
                }
                txn.put_record(key, &record)?;
                Ok(record)
            })
            .await
    }

    fn describe_kept<R: Record, T>(
        &self,
        cx: &Cx,
        (operation, parameters, prefix): (&str, String, Key),
        (limit, token): (Option<i32>, Option<&str>),
        keep: impl Fn(&str, &R) -> bool,
        describe: fn(&Cx, String, R) -> T,
    ) -> Described<T> {
        let listing = Listing {
            operation,
            parameters,
            range: KeyRange::prefix(&prefix),
            direction: Direction::Forward,
            limit: limit_of(limit, DESCRIBE_MAX),
            token,
        };
        let (page, next) =
            self.page::<R>(cx, listing, |key, record| keep(&key.last_text().unwrap_or_default(), record))?;
        let named = page.into_iter().map(|(key, record)| describe(cx, key.last_text().unwrap_or_default(), record));
        Ok((named.collect(), next))
    }
}

fn no_source() -> Error {
    Error::NotFound("Requested Delivery Source does not exist in this account.".to_owned())
}

fn no_destination() -> Error {
    Error::NotFound("Requested Delivery Destination does not exist in this account.".to_owned())
}

fn no_policy() -> Error {
    Error::NotFound("Requested Delivery Destination Policy does not exist in this account.".to_owned())
}

fn no_delivery() -> Error {
    Error::NotFound("Requested Delivery does not exist in this account.".to_owned())
}

fn invalid_arn(text: &str) -> Error {
    Error::Validation(format!("{text} is not a valid ARN."))
}

fn deliveries(txn: &Txn, place: &Place) -> Result<Vec<(Key, Delivery)>> {
    let mut range = KeyRange::prefix(&place.deliveries());
    let mut all = Vec::new();
    loop {
        let read = txn.scan_records(&range, RECORDS_PER_SCAN, Direction::Forward)?;
        let Some((last, _)) = read.last() else { return Ok(all) };
        range = range.continued_after(last);
        all.extend(read);
    }
}

fn refuse_while_used(txn: &Txn, place: &Place, uses: impl Fn(&Delivery) -> bool) -> Result<()> {
    if deliveries(txn, place)?.iter().any(|(_, delivery)| uses(delivery)) {
        return Err(Error::Conflict("Cannot delete a resource that is used by a Delivery.".to_owned()));
    }
    Ok(())
}

fn keep_tags_of_source(before: DeliverySource, now: &mut DeliverySource) {
    merge_tags(before.tags, &mut now.tags);
}

fn keep_tags_of_destination(before: DeliveryDestination, now: &mut DeliveryDestination) {
    merge_tags(before.tags, &mut now.tags);
    now.policy = before.policy;
}

fn merge_tags(before: Tags, now: &mut Tags) {
    let new = std::mem::replace(now, before);
    now.extend(new);
}

/// What kind of destination an ARN is.
fn kind_of(text: &str) -> Result<&'static str> {
    let arn: Arn = text.parse().map_err(|_| invalid_arn(text))?;
    match arn.service.as_str() {
        "s3" => Ok("S3"),
        "logs" => Ok("CWL"),
        "firehose" => Ok("FH"),
        _ => Err(invalid_arn(text)),
    }
}

fn destination_arn(cx: &Cx, name: &str) -> String {
    arn(cx, format!("delivery-destination:{name}"))
}

fn shown(tags: Tags) -> Option<Tags> {
    (!tags.is_empty()).then_some(tags)
}

fn describe_source(cx: &Cx, name: String, record: DeliverySource) -> api_logs::types::DeliverySource {
    api_logs::types::DeliverySource {
        arn: Some(arn(cx, format!("delivery-source:{name}"))),
        name: Some(name),
        resource_arns: Some(vec![record.resource_arn]),
        service: Some(record.service),
        log_type: Some(record.log_type),
        tags: shown(record.tags),
        delivery_source_configuration: record.configuration,
        ..Default::default()
    }
}

fn describe_destination(cx: &Cx, name: String, record: DeliveryDestination) -> api_logs::types::DeliveryDestination {
    let configuration = |destination_resource_arn| DeliveryDestinationConfiguration { destination_resource_arn };
    api_logs::types::DeliveryDestination {
        arn: Some(destination_arn(cx, &name)),
        name: Some(name),
        delivery_destination_type: Some(record.kind.as_str().into()),
        output_format: record.output_format.as_deref().map(Into::into),
        delivery_destination_configuration: record.resource_arn.map(configuration),
        role_arn: record.role_arn,
        tags: shown(record.tags),
    }
}

fn describe_delivery(cx: &Cx, id: String, record: Delivery) -> api_logs::types::Delivery {
    let s3 =
        S3DeliveryConfiguration { suffix_path: record.suffix_path, enable_hive_compatible_path: record.hive_paths };
    api_logs::types::Delivery {
        arn: Some(arn(cx, format!("delivery:{id}"))),
        id: Some(id),
        delivery_source_name: Some(record.source),
        delivery_destination_arn: Some(record.destination_arn),
        delivery_destination_type: Some(record.destination_kind.as_str().into()),
        record_fields: record.record_fields,
        field_delimiter: record.field_delimiter,
        s3_delivery_configuration: (s3 != S3DeliveryConfiguration::default()).then_some(s3),
        tags: shown(record.tags),
    }
}
