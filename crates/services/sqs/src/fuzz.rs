//! Bodies of the fuzz targets: they take any bytes and must come back.

use kernel::Region;

use crate::model::dedup::Taken;
use crate::model::flight::State;
use crate::model::message::Message;
use crate::model::name::QueueName;
use crate::model::receipt::Receipt;
use crate::model::redrive::{Redrive, RedriveAllow};
use crate::records::Mark;

/// A queue's URL, or an ARN.
pub fn queue_name(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Some(name) = QueueName::of_arn(&text) {
        assert_eq!(QueueName::of_arn(&name.arn().to_string()).map(|name| name.name), Some(name.name));
    }
    if let Ok(name) = QueueName::of_url(&text, &Region::default()) {
        assert_eq!(QueueName::of_url(&name.url(None, true), &Region::default()).ok(), Some(name));
    }
}

/// A receipt handle: what is read prints as it was.
pub fn receipt(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Some(receipt) = Receipt::read(&text) {
        assert_eq!(Receipt::read(&receipt.handle()), Some(receipt));
    }
}

/// A redrive policy, or a redrive allow policy.
pub fn redrive(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(Some(redrive)) = Redrive::read(&text) {
        assert_eq!(Redrive::read(&redrive.text()).ok(), Some(Some(redrive)));
    }
    if let Ok(Some(allow)) = RedriveAllow::read(&text) {
        assert_eq!(RedriveAllow::read(&allow.text()).ok(), Some(Some(allow)));
    }
}

/// A stored message, state, mark, or entry of what was taken.
pub fn stored(data: &[u8]) {
    if let Some(message) = Message::decode(data) {
        assert_eq!(Message::decode(&message.encode()), Some(message));
    }
    let _ = (State::decode(data), Taken::decode(data), Mark::decode(data));
}
