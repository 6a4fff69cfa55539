//! TagResource, UntagResource, ListTags.

use std::collections::BTreeMap;

use api_lambda::types::{
    ListTagsRequest, ListTagsResponse, TagResourceRequest, TagResourceResponse, UntagResourceRequest,
    UntagResourceResponse,
};
use kernel::{Cx, TagError, check_tags};

use crate::error::Error;
use crate::model::name::FunctionRef;
use crate::records::{FunctionRecord, Place};
use crate::service::{Shared, existing};

type Tags = BTreeMap<String, String>;

impl Shared {
    pub async fn tag_resource(&self, cx: &Cx, input: TagResourceRequest) -> Result<TagResourceResponse, Error> {
        if is_mapping(&input.resource) {
            return self.event_sources.tag_resource(cx, input).await.map_err(Error::EventSources);
        }
        let tagged = self.tagged(cx, &input.resource, "TagResource")?;
        self.change_tags(cx, tagged, move |tags| {
            tags.extend(input.tags);
            *tags = checked(std::mem::take(tags))?;
            Ok(())
        })
        .await?;
        Ok(TagResourceResponse {})
    }

    pub async fn untag_resource(&self, cx: &Cx, input: UntagResourceRequest) -> Result<UntagResourceResponse, Error> {
        if is_mapping(&input.resource) {
            return self.event_sources.untag_resource(cx, input).await.map_err(Error::EventSources);
        }
        let tagged = self.tagged(cx, &input.resource, "UntagResource")?;
        self.change_tags(cx, tagged, move |tags| {
            tags.retain(|key, _| !input.tag_keys.contains(key));
            Ok(())
        })
        .await?;
        Ok(UntagResourceResponse {})
    }

    pub async fn list_tags(&self, cx: &Cx, input: ListTagsRequest) -> Result<ListTagsResponse, Error> {
        if is_mapping(&input.resource) {
            return self.event_sources.list_tags(cx, input).await.map_err(Error::EventSources);
        }
        let tags = match self.tagged(cx, &input.resource, "ListTags")? {
            Tagged::Function(named) => self.functions.get(&named)?.record.tags.clone(),
            Tagged::CodeSigning(arn) => self.code_signing(&Place::of(cx), &arn)?.tags,
        };
        Ok(ListTagsResponse { tags: Some(tags) })
    }

    fn tagged(&self, cx: &Cx, resource: &str, action: &str) -> Result<Tagged, Error> {
        if resource.contains(":code-signing-config:") {
            return Ok(Tagged::CodeSigning(resource.to_owned()));
        }
        if !resource.contains(":function:") {
            return Err(Error::NotServed(format!("{action} of {resource}")));
        }
        let named = self.named(cx, resource, None, action)?;
        match named.qualifier {
            None => Ok(Tagged::Function(named)),
            Some(_) => Err(Error::invalid(
                "Tags on function aliases and versions are not supported. Please specify a function ARN.",
            )),
        }
    }

    async fn change_tags(
        &self,
        cx: &Cx,
        tagged: Tagged,
        change: impl FnOnce(&mut Tags) -> Result<(), Error> + Send + 'static,
    ) -> Result<(), Error> {
        let place = Place::of(cx);
        let named = match tagged {
            Tagged::Function(named) => named,
            Tagged::CodeSigning(arn) => return self.change_code_signing_tags(place, arn, change).await,
        };
        let (here, name, revision_id) = (place.clone(), named.name.clone(), self.uuid());
        self.change(&place, &named.name, move |txn| {
            let mut function: FunctionRecord = existing(txn, &here, &name)?;
            change(&mut function.tags)?;
            function.latest.set_revision(revision_id);
            txn.put_record(here.function(&name), &function)?;
            Ok(())
        })
        .await
    }
}

/// Event source mappings keep their tags themselves.
fn is_mapping(resource: &str) -> bool {
    resource.contains(":event-source-mapping:")
}

/// What an ARN that can have tags names.
enum Tagged {
    Function(FunctionRef),
    /// By its ARN.
    CodeSigning(String),
}

/// The whole set that a function would have.
pub(super) fn checked(tags: Tags) -> Result<Tags, Error> {
    match check_tags(tags.keys().map(String::as_str)) {
        Ok(()) => Ok(tags),
        Err(TagError::TooMany { .. }) => Err(Error::invalid("Number of tags exceeds resource tag limit.")),
        Err(TagError::Reserved { .. }) => Err(Error::invalid("System tags cannot be added/updated by requester.")),
        Err(error @ TagError::Duplicate { .. }) => Err(Error::invalid(error.to_string())),
    }
}
