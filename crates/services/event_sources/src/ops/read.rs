//! GetEventSourceMapping, ListEventSourceMappings.

use api_lambda::types::{
    EventSourceMappingConfiguration, GetEventSourceMappingRequest, ListEventSourceMappingsRequest,
    ListEventSourceMappingsResponse,
};
use kernel::Cx;
use store::{Direction, KeyRange};

use crate::error::{Error, Result};
use crate::limits::PAGE_MAX;
use crate::model::names::function_arn;
use crate::present::show;
use crate::records::{MappingId, MappingRecord, Place};
use crate::service::Service;

const LIST: &str = "ListEventSourceMappings";

impl Service {
    pub(super) fn known(&self, mapping: &MappingId) -> Result<MappingRecord> {
        self.store.get_record(&mapping.key())?.ok_or(Error::NotFound)
    }

    pub(crate) async fn get_event_source_mapping(
        &self,
        cx: &Cx,
        input: GetEventSourceMappingRequest,
    ) -> Result<EventSourceMappingConfiguration> {
        let mapping = MappingId::of(cx, &input.uuid);
        Ok(show(&mapping, &self.known(&mapping)?))
    }

    /// Shape: by UUID. A function or a source that does not exist has none.
    /// Source: Lambda API Reference, ListEventSourceMappings.
    pub(crate) async fn list_event_source_mappings(
        &self,
        cx: &Cx,
        input: ListEventSourceMappingsRequest,
    ) -> Result<ListEventSourceMappingsResponse> {
        let place = Place::of(cx);
        let function = input.function_name.as_deref().map(|name| function_arn(&cx.account, &cx.region, name));
        let source = input.event_source_arn;
        let asked = format!("{}\n{}", function.as_deref().unwrap_or_default(), source.as_deref().unwrap_or_default());
        let last = input.marker.filter(|marker| !marker.is_empty());
        let last = last.map(|marker| self.position(cx, &asked, &marker)).transpose()?;
        let max = input.max_items.and_then(|max| usize::try_from(max).ok()).unwrap_or(PAGE_MAX).clamp(1, PAGE_MAX);
        let all = KeyRange::prefix(&place.mappings());
        let range = match &last {
            Some(last) => all.continued_after(&place.mappings().part(last)),
            None => all,
        };
        let found = self.store.scan_records::<MappingRecord>(&range, usize::MAX, Direction::Forward)?;
        let mut found = found
            .into_iter()
            .filter(|(_, record)| function.as_ref().is_none_or(|arn| *arn == record.function_arn))
            .filter(|(_, record)| source.as_ref().is_none_or(|arn| *arn == record.event_source_arn))
            .filter_map(|(key, record)| Some((MappingId { place: place.clone(), uuid: key.last_text()? }, record)))
            .peekable();
        let page: Vec<_> = found.by_ref().take(max).collect();
        let next = page.last().filter(|_| found.peek().is_some());
        let next_marker =
            next.map(|(id, _)| self.page_tokens.issue(&cx.account, &cx.region, LIST, &asked, id.uuid.as_bytes()));
        let shown = page.iter().map(|(id, record)| show(id, record)).collect();
        Ok(ListEventSourceMappingsResponse { next_marker, event_source_mappings: Some(shown) })
    }

    fn position(&self, cx: &Cx, asked: &str, marker: &str) -> Result<String> {
        let position = self.page_tokens.open(&cx.account, &cx.region, LIST, asked, marker);
        let position = position.ok().and_then(|position| String::from_utf8(position).ok());
        position.ok_or(Error::PageToken)
    }
}
