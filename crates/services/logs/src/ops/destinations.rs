use api_logs::types::{
    DescribeDestinationsRequest, DescribeDestinationsResponse, PutDestinationPolicyRequest, PutDestinationRequest,
    PutDestinationResponse,
};
use kernel::Cx;
use store::{Direction, KeyRange};

use super::tags::check_tags;
use crate::error::{Error, Result};
use crate::limits::DESCRIBE_MAX;
use crate::records::{Destination, Place};
use crate::service::{Listing, Service, arn, limit_of};

impl Service {
    /// Keeps the destination; nothing is sent to it yet.
    pub(crate) async fn put_destination(
        &self,
        cx: &Cx,
        input: PutDestinationRequest,
    ) -> Result<PutDestinationResponse> {
        let PutDestinationRequest { destination_name: name, target_arn, role_arn, tags } = input;
        let tags = tags.unwrap_or_default();
        check_tags(&tags)?;
        let created = self.wall();
        let key = Place::of(cx).destinations().part(&name);
        let kept = self
            .store
            .transact(move |txn| {
                let fresh = Destination { target_arn, role_arn, access_policy: None, created, tags };
                let record = match txn.get_record::<Destination>(&key)? {
                    Some(before) => Destination { target_arn: fresh.target_arn, role_arn: fresh.role_arn, ..before },
                    None => fresh,
                };
                txn.put_record(key, &record)?;
                Ok::<_, Error>(record)
            })
            .await?;
        Ok(PutDestinationResponse { destination: Some(describe(cx, name, kept)) })
    }

    pub(crate) async fn put_destination_policy(&self, cx: &Cx, input: PutDestinationPolicyRequest) -> Result<()> {
        let key = Place::of(cx).destinations().part(&input.destination_name);
        if serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&input.access_policy).is_err() {
            return Err(Error::Invalid("Invalid policy document.".to_owned()));
        }
        self.store
            .transact(move |txn| {
                let mut record: Destination = txn.get_record(&key)?.ok_or_else(missing)?;
                record.access_policy = Some(input.access_policy);
                Ok(txn.put_record(key, &record)?)
            })
            .await
    }

    pub(crate) async fn delete_destination(&self, cx: &Cx, name: String) -> Result<()> {
        let key = Place::of(cx).destinations().part(name);
        self.store
            .transact(move |txn| {
                txn.get(&key)?.ok_or_else(missing)?;
                txn.delete(key);
                Ok(())
            })
            .await
    }

    pub(crate) fn describe_destinations(
        &self,
        cx: &Cx,
        input: DescribeDestinationsRequest,
    ) -> Result<DescribeDestinationsResponse> {
        let DescribeDestinationsRequest { destination_name_prefix: prefix, next_token, limit } = input;
        let prefix = prefix.unwrap_or_default();
        let listing = Listing {
            operation: "DescribeDestinations",
            parameters: prefix.clone(),
            range: KeyRange::starting_with(&Place::of(cx).destinations(), &prefix),
            direction: Direction::Forward,
            limit: limit_of(limit, DESCRIBE_MAX),
            token: next_token.as_deref(),
        };
        let (page, next_token) = self.page::<Destination>(cx, listing, |_, _| true)?;
        let all = page.into_iter().map(|(key, record)| describe(cx, key.last_text().unwrap_or_default(), record));
        Ok(DescribeDestinationsResponse { destinations: Some(all.collect()), next_token })
    }
}

fn missing() -> Error {
    Error::NotFound("The specified destination does not exist.".to_owned())
}

fn describe(cx: &Cx, name: String, record: Destination) -> api_logs::types::Destination {
    api_logs::types::Destination {
        arn: Some(arn(cx, format!("destination:{name}"))),
        destination_name: Some(name),
        target_arn: Some(record.target_arn),
        role_arn: Some(record.role_arn),
        access_policy: record.access_policy,
        creation_time: Some(record.created),
    }
}
