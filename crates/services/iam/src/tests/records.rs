//! Records of the first version, as they lie on disk. They must open for ever.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::records::{
    AccessKey, Account, AliasOwner, DeletionTask, Group, InstanceProfile, Policy, Role, Session, Use, User,
};

const GOLDEN: &str = include_str!("../../../../../golden/records/iam-1.json");

fn opens<R: DeserializeOwned + serde::Serialize>(golden: &Value, name: &str) {
    let text = golden.get(name).unwrap_or_else(|| panic!("golden/records/iam-1.json has no {name}"));
    let record: R = serde_json::from_value(text.clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(serde_json::to_value(&record).unwrap(), *text, "{name}");
}

#[test]
fn records_of_the_first_version_open() {
    let golden: Value = serde_json::from_str(GOLDEN).unwrap();
    opens::<User>(&golden, "user");
    opens::<Group>(&golden, "group");
    opens::<Role>(&golden, "role");
    opens::<InstanceProfile>(&golden, "instance-profile");
    opens::<Policy>(&golden, "policy");
    opens::<Use>(&golden, "use");
    opens::<AccessKey>(&golden, "access-key");
    opens::<Account>(&golden, "account");
    opens::<AliasOwner>(&golden, "account-alias");
    opens::<DeletionTask>(&golden, "deletion-task");
    opens::<Session>(&golden, "session");
}
