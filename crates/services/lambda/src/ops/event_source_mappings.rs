//! CreateEventSourceMapping and its family: served by the room of event source mappings, through the same trait.

use api_lambda::types::{
    CreateEventSourceMappingRequest, DeleteEventSourceMappingRequest, EventSourceMappingConfiguration,
    GetEventSourceMappingRequest, ListEventSourceMappingsRequest, ListEventSourceMappingsResponse,
    UpdateEventSourceMappingRequest,
};
use kernel::Cx;

use crate::error::Error;
use crate::service::Shared;

impl Shared {
    pub async fn create_event_source_mapping(
        &self,
        cx: &Cx,
        input: CreateEventSourceMappingRequest,
    ) -> Result<EventSourceMappingConfiguration, Error> {
        self.event_sources.create_event_source_mapping(cx, input).await.map_err(Error::EventSources)
    }

    pub async fn get_event_source_mapping(
        &self,
        cx: &Cx,
        input: GetEventSourceMappingRequest,
    ) -> Result<EventSourceMappingConfiguration, Error> {
        self.event_sources.get_event_source_mapping(cx, input).await.map_err(Error::EventSources)
    }

    pub async fn update_event_source_mapping(
        &self,
        cx: &Cx,
        input: UpdateEventSourceMappingRequest,
    ) -> Result<EventSourceMappingConfiguration, Error> {
        self.event_sources.update_event_source_mapping(cx, input).await.map_err(Error::EventSources)
    }

    pub async fn delete_event_source_mapping(
        &self,
        cx: &Cx,
        input: DeleteEventSourceMappingRequest,
    ) -> Result<EventSourceMappingConfiguration, Error> {
        self.event_sources.delete_event_source_mapping(cx, input).await.map_err(Error::EventSources)
    }

    pub async fn list_event_source_mappings(
        &self,
        cx: &Cx,
        input: ListEventSourceMappingsRequest,
    ) -> Result<ListEventSourceMappingsResponse, Error> {
        self.event_sources.list_event_source_mappings(cx, input).await.map_err(Error::EventSources)
    }
}
