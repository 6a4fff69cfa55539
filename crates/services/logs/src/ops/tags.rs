use std::collections::BTreeMap;

use kernel::{Arn, Cx, TAGS_MAX, TagError};
use store::{Key, Record, Txn};

use crate::error::{Error, Result};
use crate::records::{Delivery, DeliveryDestination, DeliverySource, Destination, Group, Place};
use crate::service::Service;

pub(crate) type Tags = BTreeMap<String, String>;

/// Checks the tags that a resource would have.
pub(crate) fn check_tags(tags: &Tags) -> Result<()> {
    kernel::check_tags(tags.keys().map(String::as_str)).map_err(|error| match error {
        TagError::TooMany { .. } => Error::TooManyTags(format!("A resource can have at most {TAGS_MAX} tags.")),
        other => Error::Invalid(other.to_string()),
    })
}

/// A record that has tags.
trait Tagged: Record {
    fn tags(&mut self) -> &mut Tags;
}

macro_rules! tagged {
    ($($record:ty),*) => {
        $(impl Tagged for $record {
            fn tags(&mut self) -> &mut Tags {
                &mut self.tags
            }
        })*
    };
}

tagged!(Group, Destination, DeliverySource, DeliveryDestination, Delivery);

/// The kinds of resources that have tags.
#[derive(Clone, Copy)]
enum Kind {
    Group,
    Destination,
    DeliverySource,
    DeliveryDestination,
    Delivery,
}

type Change = Box<dyn FnOnce(&mut Tags) -> Result<()> + Send>;

impl Service {
    pub(crate) fn tags_of(&self, cx: &Cx, resource_arn: &str) -> Result<Tags> {
        let (kind, key) = resource(cx, resource_arn)?;
        match kind {
            Kind::Group => self.tags_at::<Group>(&key),
            Kind::Destination => self.tags_at::<Destination>(&key),
            Kind::DeliverySource => self.tags_at::<DeliverySource>(&key),
            Kind::DeliveryDestination => self.tags_at::<DeliveryDestination>(&key),
            Kind::Delivery => self.tags_at::<Delivery>(&key),
        }
    }

    fn tags_at<R: Tagged>(&self, key: &Key) -> Result<Tags> {
        let mut record: R = self.store.get_record(key)?.ok_or_else(no_such_resource)?;
        Ok(std::mem::take(record.tags()))
    }

    pub(crate) async fn tag(&self, cx: &Cx, resource_arn: &str, tags: Tags) -> Result<()> {
        let (kind, key) = resource(cx, resource_arn)?;
        self.change_tags(kind, key, add(tags)).await
    }

    pub(crate) async fn untag(&self, cx: &Cx, resource_arn: &str, keys: Vec<String>) -> Result<()> {
        let (kind, key) = resource(cx, resource_arn)?;
        self.change_tags(kind, key, remove(keys)).await
    }

    pub(crate) async fn tag_group(&self, cx: &Cx, name: String, tags: Tags) -> Result<()> {
        self.change_group(cx, name, |_, _, group| add(tags)(&mut group.tags)).await
    }

    pub(crate) async fn untag_group(&self, cx: &Cx, name: String, keys: Vec<String>) -> Result<()> {
        self.change_group(cx, name, |_, _, group| remove(keys)(&mut group.tags)).await
    }

    async fn change_tags(&self, kind: Kind, key: Key, change: Change) -> Result<()> {
        self.store
            .transact(move |txn| match kind {
                Kind::Group => change_at::<Group>(txn, key, change),
                Kind::Destination => change_at::<Destination>(txn, key, change),
                Kind::DeliverySource => change_at::<DeliverySource>(txn, key, change),
                Kind::DeliveryDestination => change_at::<DeliveryDestination>(txn, key, change),
                Kind::Delivery => change_at::<Delivery>(txn, key, change),
            })
            .await
    }
}

fn change_at<R: Tagged>(txn: &mut Txn, key: Key, change: Change) -> Result<()> {
    let mut record: R = txn.get_record(&key)?.ok_or_else(no_such_resource)?;
    change(record.tags())?;
    Ok(txn.put_record(key, &record)?)
}

fn add(new: Tags) -> Change {
    Box::new(move |tags| {
        tags.extend(new);
        check_tags(tags)
    })
}

fn remove(keys: Vec<String>) -> Change {
    Box::new(move |tags| {
        tags.retain(|key, _| !keys.contains(key));
        Ok(())
    })
}

fn no_such_resource() -> Error {
    Error::NotFound("The specified resource does not exist.".to_owned())
}

/// What an ARN of the caller's account and region names.
fn resource(cx: &Cx, text: &str) -> Result<(Kind, Key)> {
    let arn: Arn = text.parse().map_err(|_| Error::Invalid(format!("{text} is not a valid ARN.")))?;
    if arn.service != "logs" || arn.region != cx.region.as_str() || arn.account != cx.account.as_str() {
        return Err(no_such_resource());
    }
    let place = Place::of(cx);
    let (kind, name) = arn.resource_parts();
    Ok(match kind {
        "log-group" => (Kind::Group, place.group(name.strip_suffix(":*").unwrap_or(name))),
        "destination" => (Kind::Destination, place.destinations().part(name)),
        "delivery-source" => (Kind::DeliverySource, place.delivery_sources().part(name)),
        "delivery-destination" => (Kind::DeliveryDestination, place.delivery_destinations().part(name)),
        "delivery" => (Kind::Delivery, place.deliveries().part(name)),
        _ => return Err(no_such_resource()),
    })
}
