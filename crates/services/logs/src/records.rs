//! Keys and values on disk. Everything of a log group that can be many hangs on the group's number, so that a deleted group
//! is gone with one record and its events are swept later.

use std::collections::BTreeMap;

use bytes::Bytes;
use kernel::{AccountId, Cx, Region};
use serde::{Deserialize, Serialize};
use store::{Key, Part, Record};

use crate::model::chunk::Event;
use crate::model::position::Position;

pub(crate) const SERVICE: &str = "logs";

/// An account and a region: every key begins with them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub account: AccountId,
    pub region: Region,
}

impl Place {
    pub(crate) fn of(cx: &Cx) -> Self {
        Self { account: cx.account.clone(), region: cx.region.clone() }
    }

    fn kind(&self, kind: &str) -> Key {
        Key::new(&self.account, &self.region, SERVICE, kind)
    }

    pub(crate) fn groups(&self) -> Key {
        self.kind("group")
    }

    pub(crate) fn group(&self, name: &str) -> Key {
        self.groups().part(name)
    }

    pub(crate) fn streams(&self, group: u64) -> Key {
        self.kind("stream").part_u64(group)
    }

    pub(crate) fn stream(&self, group: u64, name: &str) -> Key {
        self.streams(group).part(name)
    }

    /// Message bytes of a group: eight bytes, little-endian.
    pub(crate) fn size(&self, group: u64) -> Key {
        self.kind("size").part_u64(group)
    }

    pub(crate) fn group_chunks(&self, group: u64) -> Key {
        self.kind("chunk").part_u64(group)
    }

    pub(crate) fn chunks(&self, group: u64, stream: u32) -> Key {
        self.group_chunks(group).part_u64(stream.into())
    }

    /// The chunk whose first event is this one.
    pub(crate) fn chunk(&self, group: u64, first: Position) -> Key {
        let arrival = (first.sequence << 24) | u64::from(first.index);
        self.chunks(group, first.stream).part_u64(first.timestamp).part_u64(arrival)
    }

    pub(crate) fn metric_filters(&self) -> Key {
        self.kind("metric-filter")
    }

    pub(crate) fn group_metric_filters(&self, group_name: &str) -> Key {
        self.metric_filters().part(group_name)
    }

    pub(crate) fn metric_filter(&self, group_name: &str, name: &str) -> Key {
        self.group_metric_filters(group_name).part(name)
    }

    pub(crate) fn resource_policies(&self) -> Key {
        self.kind("resource-policy")
    }

    pub(crate) fn destinations(&self) -> Key {
        self.kind("destination")
    }

    pub(crate) fn delivery_sources(&self) -> Key {
        self.kind("delivery-source")
    }

    pub(crate) fn delivery_destinations(&self) -> Key {
        self.kind("delivery-destination")
    }

    pub(crate) fn deliveries(&self) -> Key {
        self.kind("delivery")
    }

    pub(crate) fn query_definitions(&self) -> Key {
        self.kind("query-definition")
    }

    /// What is to be swept: a group, or one stream of a group.
    pub(crate) fn leftovers(&self) -> Key {
        self.kind("leftover")
    }

    pub(crate) fn leftover(&self, group: u64, stream: Option<u32>) -> Key {
        let group = self.leftovers().part_u64(group);
        stream.map_or(group.clone(), |stream| group.part_u64(stream.into()))
    }

    pub(crate) fn outbox(&self) -> Key {
        self.kind("outbox")
    }

    /// Sorts by the time at which it is due.
    pub(crate) fn outgoing(&self, due_ms: i64, what: &Outgoing) -> Key {
        let due = self.outbox().part_u64(u64::try_from(due_ms).unwrap_or(0));
        due.part_u64(what.group_id).part_u64(what.stream_id.into()).part_u64(what.sequence).part(&what.filter)
    }
}

/// The first event's time of a chunk's key; `None` when it is damaged.
pub(crate) fn chunk_first(key: &Key) -> Option<i64> {
    let parts = key.parts().ok()?;
    let at = parts.len().checked_sub(2)?;
    parts.get(at).and_then(Part::number).and_then(|first| i64::try_from(first).ok())
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Group {
    pub id: u64,
    pub created: i64,
    pub retention_days: Option<i32>,
    pub kms_key: Option<String>,
    pub class: String,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// The number of the next stream.
    pub next_stream: u32,
    #[serde(default)]
    pub metric_filters: i32,
    #[serde(default)]
    pub subscriptions: Vec<Subscription>,
}

impl Record for Group {
    const VERSION: u8 = 1;
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Subscription {
    pub name: String,
    pub pattern: String,
    pub destination_arn: String,
    pub role_arn: Option<String>,
    pub distribution: Option<String>,
    pub created: i64,
    pub on_transformed: bool,
    pub field_selection: Option<String>,
    pub system_fields: Option<Vec<String>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Stream {
    pub id: u32,
    pub created: i64,
    /// The times of the earliest and the latest event.
    pub first: Option<i64>,
    pub last: Option<i64>,
    pub ingested: Option<i64>,
    /// Calls that were accepted.
    pub sequence: u64,
    /// The longest time between the first and the last event of one chunk.
    pub span: i64,
    pub bytes: u64,
}

impl Record for Stream {
    const VERSION: u8 = 1;
}

/// A batch that one subscription filter of its group has yet to look at and its function to get. It says where the events
/// are: matching and packing happen when it is delivered, not in the commit that accepts the events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Outgoing {
    pub group: String,
    pub group_id: u64,
    pub stream: String,
    pub stream_id: u32,
    pub filter: String,
    /// The batch's number within its stream, and the times of its first and last event.
    pub sequence: u64,
    pub first: i64,
    pub last: i64,
    /// Due time of the first attempt.
    pub since: i64,
    pub attempts: u32,
}

impl Record for Outgoing {
    const VERSION: u8 = 1;
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct MetricFilter {
    pub pattern: String,
    pub created: i64,
    pub transformations: Vec<Transformation>,
    pub on_transformed: bool,
    pub field_selection: Option<String>,
    pub system_fields: Option<Vec<String>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Transformation {
    pub metric_name: String,
    pub metric_namespace: String,
    pub metric_value: String,
    pub default_value: Option<f64>,
    pub dimensions: Option<BTreeMap<String, String>>,
    pub unit: Option<String>,
}

impl Record for MetricFilter {
    const VERSION: u8 = 1;
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ResourcePolicy {
    pub document: String,
    pub updated: i64,
    pub resource_arn: Option<String>,
    pub revision: String,
}

impl Record for ResourcePolicy {
    const VERSION: u8 = 1;
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Destination {
    pub target_arn: String,
    pub role_arn: String,
    pub access_policy: Option<String>,
    pub created: i64,
    pub tags: BTreeMap<String, String>,
}

impl Record for Destination {
    const VERSION: u8 = 1;
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DeliverySource {
    pub resource_arn: String,
    pub service: String,
    pub log_type: String,
    pub configuration: Option<BTreeMap<String, String>>,
    pub tags: BTreeMap<String, String>,
}

impl Record for DeliverySource {
    const VERSION: u8 = 1;
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DeliveryDestination {
    pub kind: String,
    pub output_format: Option<String>,
    pub resource_arn: Option<String>,
    pub role_arn: Option<String>,
    pub policy: Option<String>,
    pub tags: BTreeMap<String, String>,
}

impl Record for DeliveryDestination {
    const VERSION: u8 = 1;
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Delivery {
    pub source: String,
    pub destination_arn: String,
    pub destination_kind: String,
    pub record_fields: Option<Vec<String>>,
    pub field_delimiter: Option<String>,
    pub suffix_path: Option<String>,
    pub hive_paths: Option<bool>,
    pub tags: BTreeMap<String, String>,
}

impl Record for Delivery {
    const VERSION: u8 = 1;
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct QueryDefinition {
    pub name: String,
    pub language: String,
    pub query: String,
    pub groups: Vec<String>,
    pub parameters: Vec<QueryParameter>,
    pub modified: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct QueryParameter {
    pub name: String,
    pub default_value: Option<String>,
    pub description: Option<String>,
}

impl Record for QueryDefinition {
    const VERSION: u8 = 1;
}

/// A counter of bytes as it stands on disk; damaged ones count from zero.
pub(crate) fn read_size(value: Option<&Bytes>) -> u64 {
    value.and_then(|bytes| bytes.as_ref().try_into().ok()).map_or(0, u64::from_le_bytes)
}

pub(crate) fn write_size(bytes: u64) -> Vec<u8> {
    bytes.to_le_bytes().to_vec()
}

/// Events of one call, as Live Tail sees them.
#[derive(Debug)]
pub(crate) struct LiveBatch {
    pub place: Place,
    pub group: String,
    pub stream: String,
    pub events: Vec<Event>,
}

#[cfg(test)]
mod tests {
    use store::KeyRange;

    use super::*;

    fn place(account: &str, region: &str) -> Place {
        Place { account: AccountId::parse(account).unwrap(), region: Region::new(region) }
    }

    #[test]
    fn chunks_sort_by_time_and_then_by_arrival() {
        let here = place("111111111111", "eu-west-1");
        let at = |timestamp, sequence, index| {
            here.chunk(1, Position { timestamp, ingestion: 9, stream: 2, sequence, index })
        };
        let sorted = [at(5, 9, 0), at(6, 1, 0), at(6, 1, 8), at(6, 2, 0)];
        assert!(sorted.is_sorted());
        assert_eq!(chunk_first(&sorted[1]), Some(6));
        assert!(sorted.iter().all(|key| KeyRange::prefix(&here.chunks(1, 2)).contains(key)));
    }
}
