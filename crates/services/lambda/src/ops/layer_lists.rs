//! ListLayers, ListLayerVersions.

use api_lambda::types::{
    LayerVersionsListItem, LayersListItem, ListLayerVersionsRequest, ListLayerVersionsResponse, ListLayersRequest,
    ListLayersResponse,
};
use kernel::Cx;
use store::KeyRange;
use store::backend::Direction;

use super::layers::names;
use super::pages::page_size;
use crate::error::Error;
use crate::layer_records::{LayerRecord, LayerVersionRecord, layers};
use crate::limits::PAGE_MAX;
use crate::model::layer::LayerRef;
use crate::records::Place;
use crate::service::Shared;

/// What a list asks of a version. One that names no runtimes, or no architectures, matches none.
struct Wanted {
    runtime: Option<String>,
    architecture: Option<String>,
}

impl Wanted {
    fn takes(&self, version: &LayerVersionRecord) -> bool {
        let has = |asked: &Option<String>, all: &Option<Vec<String>>| {
            asked.as_ref().is_none_or(|asked| all.as_ref().is_some_and(|all| all.contains(asked)))
        };
        has(&self.runtime, &version.runtimes) && has(&self.architecture, &version.architectures)
    }

    /// What a page's marker is good for.
    fn text(&self) -> String {
        let part = |asked: &Option<String>| asked.clone().unwrap_or_default();
        format!("{}/{}", part(&self.runtime), part(&self.architecture))
    }
}

impl Shared {
    /// Shape: by name, each with its latest version that matches; layers without one are left out.
    /// Source: Lambda API Reference, ListLayers.
    pub async fn list_layers(&self, cx: &Cx, input: ListLayersRequest) -> Result<ListLayersResponse, Error> {
        let wanted = Wanted {
            runtime: input.compatible_runtime.map(|runtime| runtime.to_string()),
            architecture: input.compatible_architecture.map(|architecture| architecture.to_string()),
        };
        let parameters = wanted.text();
        let start = self.page_start(cx, "ListLayers", &parameters, input.marker.as_deref())?;
        let here = Place::of(cx);
        let range = KeyRange::prefix(&layers(&here));
        let mut items = Vec::new();
        for (_, record) in self.store.scan_records::<LayerRecord>(&range, usize::MAX, Direction::Forward)? {
            if start.as_ref().is_some_and(|start| record.name <= *start) {
                continue;
            }
            let layer = LayerRef { account: cx.account.clone(), region: cx.region.clone(), name: record.name };
            let latest = self.versions_of_layer(&layer)?.into_iter().find(|version| wanted.takes(version));
            if let Some(latest) = latest {
                let shown = LayersListItem {
                    layer_name: Some(layer.name.clone()),
                    layer_arn: Some(layer.arn()),
                    latest_matching_version: Some(listed(&layer, latest)),
                };
                items.push((layer.name, shown));
            }
        }
        let max = page_size(input.max_items, PAGE_MAX);
        let (page, next_marker) = self.page(cx, "ListLayers", &parameters, items.into_iter(), max);
        Ok(ListLayersResponse { next_marker, layers: Some(page) })
    }

    /// Shape: the newest first; of a layer that is not there, none.
    /// Source: Lambda API Reference, ListLayerVersions.
    pub async fn list_layer_versions(
        &self,
        cx: &Cx,
        input: ListLayerVersionsRequest,
    ) -> Result<ListLayerVersionsResponse, Error> {
        let layer = self.own_layer(cx, &input.layer_name, "ListLayerVersions")?;
        let wanted = Wanted {
            runtime: input.compatible_runtime.map(|runtime| runtime.to_string()),
            architecture: input.compatible_architecture.map(|architecture| architecture.to_string()),
        };
        let parameters = format!("{}/{}", layer.name, wanted.text());
        let start = self.page_start(cx, "ListLayerVersions", &parameters, input.marker.as_deref())?;
        // Positions fall as the numbers grow.
        let position = |number: u64| format!("{:020}", u64::MAX - number);
        let items = self
            .versions_of_layer(&layer)?
            .into_iter()
            .filter(|version| wanted.takes(version))
            .map(|version| (position(version.number), listed(&layer, version)))
            .filter(|(position, _)| start.as_ref().is_none_or(|start| position > start));
        let max = page_size(input.max_items, PAGE_MAX);
        let (page, next_marker) = self.page(cx, "ListLayerVersions", &parameters, items, max);
        Ok(ListLayerVersionsResponse { next_marker, layer_versions: Some(page) })
    }

    /// The newest first.
    fn versions_of_layer(&self, layer: &LayerRef) -> Result<Vec<LayerVersionRecord>, Error> {
        let range = KeyRange::prefix(&layer.versions());
        let found = self.store.scan_records::<LayerVersionRecord>(&range, usize::MAX, Direction::Backward)?;
        Ok(found.into_iter().map(|(_, version)| version).collect())
    }
}

fn listed(layer: &LayerRef, version: LayerVersionRecord) -> LayerVersionsListItem {
    LayerVersionsListItem {
        layer_version_arn: Some(format!("{}:{}", layer.arn(), version.number)),
        version: i64::try_from(version.number).ok(),
        description: Some(version.description),
        created_date: Some(version.created.iso8601_offset()),
        compatible_architectures: version.architectures.map(|all| names(&all)),
        compatible_runtimes: version.runtimes.map(|all| names(&all)),
        license_info: version.license,
    }
}
