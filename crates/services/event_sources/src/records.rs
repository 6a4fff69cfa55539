//! Keys and values on disk.

use std::collections::BTreeMap;

use kernel::{AccountId, Arn, Cx, Region, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Key, Part, Record};

use crate::model::settings::Settings;
use crate::model::state::State;

const SERVICE: &str = "event-sources";

/// An account and a region: every key begins with them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub account: AccountId,
    pub region: Region,
}

/// One mapping of all.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct MappingId {
    pub place: Place,
    pub uuid: String,
}

impl Place {
    pub(crate) fn of(cx: &Cx) -> Self {
        Self { account: cx.account.clone(), region: cx.region.clone() }
    }

    /// By UUID: the order of lists.
    pub(crate) fn mappings(&self) -> Key {
        Key::new(&self.account, &self.region, SERVICE, "mapping")
    }
}

impl MappingId {
    pub(crate) fn of(cx: &Cx, uuid: &str) -> Self {
        Self { place: Place::of(cx), uuid: uuid.to_owned() }
    }

    pub(crate) fn key(&self) -> Key {
        self.place.mappings().part(&self.uuid)
    }

    /// Says that the mapping is there, for a start that asks all accounts.
    pub(crate) fn notice(&self) -> Key {
        notices().part(self.place.account.as_str()).part(self.place.region.as_str()).part(&self.uuid)
    }

    pub(crate) fn of_notice(key: &Key) -> Option<Self> {
        let parts = key.parts().ok()?;
        let [.., account, region, uuid] = parts.as_slice() else { return None };
        let text = |part: &Part| part.text().map(str::to_owned);
        let place = Place { account: AccountId::parse(&text(account)?).ok()?, region: Region::new(&text(region)?) };
        Some(Self { place, uuid: text(uuid)? })
    }

    pub(crate) fn arn(&self) -> String {
        let resource = format!("event-source-mapping:{}", self.uuid);
        Arn::regional("lambda", &self.place.region, &self.place.account, resource).to_string()
    }
}

/// Of all mappings: under a region that no request can name, so that no account's own lists show them.
pub(crate) fn notices() -> Key {
    Key::new(&AccountId::default(), &Region::new(".gureum"), SERVICE, "notice")
}

/// A mapping.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct MappingRecord {
    pub event_source_arn: String,
    /// With the qualifier that the mapping was made with.
    pub function_arn: String,
    pub settings: Settings,
    pub enabled: bool,
    pub state: State,
    pub last_modified: Timestamp,
    /// What keeps it from working, in AWS's words.
    pub problem: Option<String>,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

impl Record for MappingRecord {
    const VERSION: u8 = 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_of_version_1_opens_for_ever() {
        let json = r#"{"event_source_arn":"arn:aws:sqs:us-east-1:000000000000:q","function_arn":"arn:f","settings":{"batch_size":10,
            "window_s":0,"filters":["{}"],"reports_failures":true,"maximum_concurrency":2,"pollers":{"minimum":2,"maximum":null,
            "group":null},"metrics":["EventCount"],"kms_key_arn":null},"enabled":true,"state":"Enabled","last_modified":1,
            "problem":null,"tags":{"a":"b"}}"#;
        let record: MappingRecord = serde_json::from_str(json).unwrap();
        assert_eq!((record.state, record.settings.batch_size, MappingRecord::VERSION), (State::Enabled, 10, 1));
    }

    #[test]
    fn a_notice_reads_back() {
        let place = Place { account: AccountId::default(), region: Region::new("eu-west-1") };
        let id = MappingId { place, uuid: "u".to_owned() };
        assert_eq!(MappingId::of_notice(&id.notice()), Some(id.clone()));
        assert_eq!(MappingId::of_notice(&notices()), None);
        assert_eq!(id.arn(), "arn:aws:lambda:eu-west-1:000000000000:event-source-mapping:u");
    }
}
