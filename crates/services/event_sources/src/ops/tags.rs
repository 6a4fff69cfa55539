//! TagResource, UntagResource, ListTags of mappings.

use std::collections::BTreeMap;

use api_lambda::types::{
    ListTagsRequest, ListTagsResponse, TagResourceRequest, TagResourceResponse, UntagResourceRequest,
    UntagResourceResponse,
};
use kernel::{Cx, check_tags};

use crate::error::{Error, Result};
use crate::records::{MappingId, MappingRecord};
use crate::service::Service;

impl Service {
    pub(crate) async fn tag_resource(&self, cx: &Cx, input: TagResourceRequest) -> Result<TagResourceResponse> {
        self.change_tags(cx, &input.resource, |tags| tags.extend(input.tags)).await?;
        Ok(TagResourceResponse {})
    }

    pub(crate) async fn untag_resource(&self, cx: &Cx, input: UntagResourceRequest) -> Result<UntagResourceResponse> {
        self.change_tags(cx, &input.resource, move |tags| tags.retain(|key, _| !input.tag_keys.contains(key))).await?;
        Ok(UntagResourceResponse {})
    }

    pub(crate) async fn list_tags(&self, cx: &Cx, input: ListTagsRequest) -> Result<ListTagsResponse> {
        let mapping = of_arn(cx, &input.resource)?;
        Ok(ListTagsResponse { tags: Some(self.known(&mapping)?.tags) })
    }

    async fn change_tags(
        &self,
        cx: &Cx,
        resource: &str,
        change: impl FnOnce(&mut BTreeMap<String, String>) + Send + 'static,
    ) -> Result<()> {
        let mapping = of_arn(cx, resource)?;
        self.store
            .transact(move |txn| {
                let mut record: MappingRecord = txn.get_record(&mapping.key())?.ok_or(Error::NotFound)?;
                change(&mut record.tags);
                check_tags(record.tags.keys().map(String::as_str))?;
                Ok(txn.put_record(mapping.key(), &record)?)
            })
            .await
    }
}

/// Errors: no mapping of this account and region.
fn of_arn(cx: &Cx, arn: &str) -> Result<MappingId> {
    let uuid = arn.rsplit(':').next().unwrap_or_default();
    let mapping = MappingId::of(cx, uuid);
    if mapping.arn() == arn { Ok(mapping) } else { Err(Error::NotFound) }
}
