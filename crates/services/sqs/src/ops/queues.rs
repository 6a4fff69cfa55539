//! CreateQueue, GetQueueUrl, DeleteQueue, PurgeQueue.

use api_sqs::types::*;
use kernel::{AccountId, Cx};
use wire::Map;

use crate::access::{self, Action};
use crate::error::{Error, Result, invalid, required};
use crate::machine::{Command, Out};
use crate::model::attributes::Attributes;
use crate::model::name::{self, QueueName};
use crate::ops::tags::check_tags;
use crate::records::{Deleted, Place, Queue};
use crate::service::Service;

impl Service {
    /// Makes a queue, or finds the one that is just like it.
    pub(crate) async fn make_queue(&self, cx: &Cx, input: CreateQueueRequest) -> Result<QueueName> {
        Self::not_of_a_queue(cx, "CreateQueue")?;
        let name = required(input.queue_name.filter(|name| !name.is_empty()), "QueueName")?;
        let given = input.attributes.unwrap_or_default();
        let attributes = Attributes::created(&given)?;
        name::check_new(&name, attributes.fifo.is_some())?;
        let tags = input.tags.unwrap_or_default();
        check_tags(&tags)?;
        let name = QueueName { account: cx.account.clone(), region: cx.region.clone(), name };
        if let Some(policy) = given.get("RedrivePolicy") {
            self.check_target(&name, &attributes, policy)?;
        }
        let place = Place::of(&name);
        let (key, deleted) = (place.queue(&name.name), place.deleted(&name.name));
        let (now, mut number, pause) = (self.now(), self.random(), self.pauses.deleted_name);
        if kernel::sabotaged!("a queue that is made anew is the one before") {
            number = name.name.bytes().fold(7, |number: u64, byte| number.wrapping_mul(31) + u64::from(byte));
        }
        self.store
            .transact(move |txn| {
                if let Some(queue) = txn.get_record::<Queue>(&key)? {
                    return same(&queue, &queue.attributes.with(&given)?, &tags);
                }
                let lately = txn.get_record::<Deleted>(&deleted)?;
                let lately = lately.filter(|_| !kernel::sabotaged!("a deleted queue's name is free at once"));
                if lately.is_some_and(|lately| lately.at > (now - pause).millis()) {
                    return Err(Error::DeletedRecently);
                }
                txn.delete(deleted);
                let (created, modified) = (now.secs(), now.secs());
                Ok(txn.put_record(key, &Queue { number, attributes, tags, created, modified, revision: 0 })?)
            })
            .await?;
        self.learn(&name)?;
        Ok(name)
    }

    /// Errors: the dead-letter queue is not there, of the other kind, elsewhere, or does not let this queue send to it.
    pub(crate) fn check_target(&self, source: &QueueName, attributes: &Attributes, given: &str) -> Result<()> {
        let Some(redrive) = &attributes.redrive else { return Ok(()) };
        let Some(target) = redrive.target() else { return Ok(()) };
        let refused = |reason: &str| invalid("RedrivePolicy", given, reason);
        if target.account != source.account || target.region != source.region {
            let reason =
                "Dead-letter queue must be created by the same AWS account and in the same Region as the source queue.";
            return Err(refused(reason));
        }
        let target = match self.known(&target) {
            Ok(target) => target,
            Err(Error::NoSuchQueue) => return Err(refused("Dead letter target does not exist.")),
            Err(error) => return Err(error),
        };
        if target.is_fifo() != attributes.fifo.is_some() {
            return Err(refused("Dead-letter queue must be same type of queue as the source."));
        }
        let allow = target.queue.attributes.redrive_allow.as_ref();
        if allow.is_some_and(|allow| !allow.allows(&source.arn().to_string())) {
            return Err(refused("The dead-letter queue's redrive allow policy does not permit this source queue."));
        }
        Ok(())
    }

    pub(crate) fn find_queue(&self, cx: &Cx, input: GetQueueUrlRequest) -> Result<QueueName> {
        let name = required(input.queue_name.filter(|name| !name.is_empty()), "QueueName")?;
        let account = match input.queue_owner_aws_account_id.filter(|account| !account.is_empty()) {
            None => cx.account.clone(),
            Some(account) => AccountId::parse(&account)
                .map_err(|_| invalid("QueueOwnerAWSAccountId", &account, "Must be a 12-digit AWS account ID."))?,
        };
        let known = self.known(&QueueName { account, region: cx.region.clone(), name })?;
        access::check(cx, &known, Action::Shared("GetQueueUrl"), self.now())?;
        Ok(known.name().clone())
    }

    pub(crate) async fn remove_queue(&self, cx: &Cx, input: DeleteQueueRequest) -> Result<()> {
        let known = self.named(cx, input.queue_url, Action::Own("DeleteQueue"))?;
        self.call(&known.id, Command::DeleteQueue).await?;
        self.forget(&known.id).await?;
        self.sweep.notify_one();
        Ok(())
    }

    pub(crate) async fn empty_queue(&self, cx: &Cx, input: PurgeQueueRequest) -> Result<()> {
        let known = self.named(cx, input.queue_url, Action::Shared("PurgeQueue"))?;
        match self.call(&known.id, Command::Purge(self.pauses.purge)).await? {
            Out::PurgedLately => Err(Error::PurgeInProgress(known.name().name.clone())),
            _ => {
                self.sweep.notify_one();
                Ok(())
            }
        }
    }

    /// Errors: the operation is about no queue, and was sent to the URL of one.
    pub(crate) fn not_of_a_queue(cx: &Cx, operation: &'static str) -> Result<()> {
        match cx.path.as_deref().is_some_and(|path| QueueName::of_url(path, &cx.region).is_ok()) {
            true => Err(Error::NotHere(operation)),
            false => Ok(()),
        }
    }

    /// The queue's URL in the words of the caller.
    pub(crate) fn url(cx: &Cx, name: &QueueName) -> String {
        name.url(cx.host.as_deref(), cx.secure_transport)
    }
}

/// Making a queue again is no error when every attribute that is given has the value that it has, and tags, if any are given,
/// are those that it has. Source: what users report of it.
fn same(there: &Queue, asked: &Attributes, tags: &Map<String>) -> Result<()> {
    match there.attributes.difference(asked) {
        Some(attribute) => Err(Error::QueueExists(format!("attribute {attribute}"))),
        None if !tags.is_empty() && there.tags != *tags => Err(Error::QueueExists("tags".to_owned())),
        None => Ok(()),
    }
}
