use std::collections::BTreeMap;

use api_logs::types::{
    DescribeMetricFiltersRequest, DescribeMetricFiltersResponse, MetricFilterMatchRecord, MetricTransformation,
    PutMetricFilterRequest, TestMetricFilterRequest, TestMetricFilterResponse,
};
use kernel::Cx;
use store::{Direction, Key, KeyRange, Part};

use crate::error::{Error, Result};
use crate::limits::{DESCRIBE_MAX, METRIC_DIMENSIONS_MAX, METRIC_FILTERS_MAX};
use crate::patterns::Pattern;
use crate::records::{MetricFilter, Place, Transformation};
use crate::service::{Listing, Service, limit_of};

impl Service {
    /// Keeps the filter. Nothing is counted yet.
    pub(crate) async fn put_metric_filter(&self, cx: &Cx, input: PutMetricFilterRequest) -> Result<()> {
        let pattern = Pattern::parse(&input.filter_pattern)?;
        input.metric_transformations.iter().try_for_each(|one| check(&pattern, one))?;
        let filter = MetricFilter {
            pattern: input.filter_pattern,
            created: self.wall(),
            transformations: input.metric_transformations.into_iter().map(kept).collect(),
            on_transformed: input.apply_on_transformed_logs.unwrap_or(false),
            field_selection: input.field_selection_criteria,
            system_fields: input.emit_system_field_dimensions,
        };
        let (group_name, name) = (input.log_group_name.clone(), input.filter_name);
        self.change_group(cx, input.log_group_name, move |txn, place, group| {
            let key = place.metric_filter(&group_name, &name);
            if txn.get(&key)?.is_none() {
                if usize::try_from(group.metric_filters).is_ok_and(|count| count >= METRIC_FILTERS_MAX) {
                    return Err(Error::LimitExceeded);
                }
                group.metric_filters += 1;
            }
            Ok(txn.put_record(key, &filter)?)
        })
        .await
    }

    pub(crate) async fn delete_metric_filter(&self, cx: &Cx, group_name: String, name: String) -> Result<()> {
        let group = group_name.clone();
        self.change_group(cx, group_name, move |txn, place, record| {
            let key = place.metric_filter(&group, &name);
            if txn.get(&key)?.is_none() {
                return Err(Error::NotFound("The specified metric filter does not exist.".to_owned()));
            }
            record.metric_filters -= 1;
            txn.delete(key);
            Ok(())
        })
        .await
    }

    pub(crate) fn describe_metric_filters(
        &self,
        cx: &Cx,
        input: DescribeMetricFiltersRequest,
    ) -> Result<DescribeMetricFiltersResponse> {
        let DescribeMetricFiltersRequest {
            log_group_name: group,
            filter_name_prefix: prefix,
            next_token,
            limit,
            metric_name,
            metric_namespace,
        } = input;
        if metric_name.is_some() != metric_namespace.is_some() {
            let words = "metricName and metricNamespace must be specified together.";
            return Err(Error::Invalid(words.to_owned()));
        }
        let place = Place::of(cx);
        let range = match &group {
            Some(name) => {
                self.find_group(cx, name)?;
                KeyRange::starting_with(&place.group_metric_filters(name), prefix.as_deref().unwrap_or_default())
            }
            None => KeyRange::prefix(&place.metric_filters()),
        };
        // Source: API reference, DescribeMetricFilters: the prefix counts only with a group.
        let prefix = prefix.filter(|_| group.is_some());
        let listing = Listing {
            operation: "DescribeMetricFilters",
            parameters: format!("{group:?} {prefix:?} {metric_name:?} {metric_namespace:?}"),
            range,
            direction: Direction::Forward,
            limit: limit_of(limit, DESCRIBE_MAX),
            token: next_token.as_deref(),
        };
        let (page, next_token) = self.page::<MetricFilter>(cx, listing, |key, filter| {
            let (_, name) = names(key);
            let feeds = |(metric, namespace): (&String, &String)| {
                let mut all = filter.transformations.iter();
                all.any(|one| one.metric_name == *metric && one.metric_namespace == *namespace)
            };
            prefix.as_ref().is_none_or(|prefix| name.starts_with(prefix.as_str()))
                && metric_name.as_ref().zip(metric_namespace.as_ref()).is_none_or(feeds)
        })?;
        let filters = page.into_iter().map(|(key, filter)| describe(names(&key), filter));
        Ok(DescribeMetricFiltersResponse { metric_filters: Some(filters.collect()), next_token })
    }

    pub(crate) fn test_metric_filter(input: TestMetricFilterRequest) -> Result<TestMetricFilterResponse> {
        let pattern = Pattern::parse(&input.filter_pattern)?;
        let messages = input.log_event_messages.into_iter().zip(0..);
        let matches = messages.filter_map(|(message, number)| {
            let extracted = pattern.extract(&message)?;
            Some(MetricFilterMatchRecord {
                event_number: Some(number),
                event_message: Some(message),
                extracted_values: Some(extracted),
            })
        });
        Ok(TestMetricFilterResponse { matches: Some(matches.collect()) })
    }
}

/// Source: API reference, MetricTransformation; texts as users have reported them (hashicorp/terraform-provider-aws#22105).
fn check(pattern: &Pattern, given: &MetricTransformation) -> Result<()> {
    let dimensions = given.dimensions.as_ref().map_or(0, BTreeMap::len);
    let refuse = |words: &str| Err(Error::Invalid(words.to_owned()));
    if dimensions > 0 && given.default_value.is_some() {
        return refuse(
            "Invalid metric transformation: dimensions and default value are mutually exclusive properties.",
        );
    }
    if dimensions > METRIC_DIMENSIONS_MAX {
        return refuse("Invalid metric transformation: a metric filter can have at most 3 dimensions.");
    }
    if dimensions > 0 && !pattern.has_fields() {
        return refuse("The specified filter pattern does not support dimensions");
    }
    Ok(())
}

/// The group's and the filter's name in a filter's key.
fn names(key: &Key) -> (String, String) {
    let parts = key.parts().unwrap_or_default();
    let text = |part: Option<&Part>| part.and_then(Part::text).unwrap_or_default().to_owned();
    (text(parts.iter().rev().nth(1)), text(parts.last()))
}

fn kept(given: MetricTransformation) -> Transformation {
    Transformation {
        metric_name: given.metric_name,
        metric_namespace: given.metric_namespace,
        metric_value: given.metric_value,
        default_value: given.default_value,
        dimensions: given.dimensions,
        unit: given.unit.map(|unit| unit.as_str().to_owned()),
    }
}

fn describe((group, name): (String, String), filter: MetricFilter) -> api_logs::types::MetricFilter {
    let shown = |kept: Transformation| MetricTransformation {
        metric_name: kept.metric_name,
        metric_namespace: kept.metric_namespace,
        metric_value: kept.metric_value,
        default_value: kept.default_value,
        dimensions: kept.dimensions,
        unit: kept.unit.as_deref().map(Into::into),
    };
    api_logs::types::MetricFilter {
        filter_name: Some(name),
        filter_pattern: Some(filter.pattern),
        metric_transformations: Some(filter.transformations.into_iter().map(shown).collect()),
        creation_time: Some(filter.created),
        log_group_name: Some(group),
        apply_on_transformed_logs: Some(filter.on_transformed),
        field_selection_criteria: filter.field_selection,
        emit_system_field_dimensions: filter.system_fields,
    }
}
