//! ListMetrics.

use api_cloudwatch::types::{Dimension, DimensionFilter, ListMetricsInput, ListMetricsOutput, Metric as Shown};
use kernel::Cx;
use store::{Direction, Key, KeyRange};

use crate::error::{Error, Result};
use crate::limits::{LIST_PAGE, LISTED_FOR, RECENTLY, RECORDS_PER_SCAN};
use crate::model::faults::Faults;
use crate::model::names::{check_filters, check_name, check_namespace};
use crate::records::{Metric, Place, metric_parts};
use crate::service::Service;

impl Service {
    /// Shape: metrics by namespace and name, 500 on a page; those that had a value in the last two weeks.
    pub(crate) fn list(&self, cx: &Cx, input: &ListMetricsInput) -> Result<ListMetricsOutput> {
        let place = Place::of(cx);
        check(input)?;
        let empty = ListMetricsOutput { metrics: Some(Vec::new()), ..ListMetricsOutput::default() };
        if input.owning_account.as_deref().is_some_and(|account| account != cx.account.as_str()) {
            return Ok(empty);
        }
        let mut prefix = place.metrics();
        if let Some(namespace) = &input.namespace {
            prefix = prefix.part(namespace);
            if let Some(name) = &input.metric_name {
                prefix = prefix.part(name);
            }
        }
        let filters = input.dimensions.clone().unwrap_or_default();
        let parameters =
            format!("{:?} {:?} {filters:?} {:?}", input.namespace, input.metric_name, input.recently_active);
        let mut range = KeyRange::prefix(&prefix);
        if let Some(last) = self.open_token(cx, "ListMetrics", &parameters, input.next_token.as_deref())? {
            range = range.continued_after(&Key::from_bytes(last));
        }
        let kept_for = if input.recently_active.is_some() { RECENTLY } else { LISTED_FOR };
        let seen_from = (self.wall() - kept_for).secs();
        let (mut metrics, mut last_shown, mut more) = (Vec::new(), None, false);
        'pages: while !range.is_empty() {
            let read = self.store.scan_records::<Metric>(&range, RECORDS_PER_SCAN, Direction::Forward)?;
            let Some((last, _)) = read.last() else { break };
            let whole = read.len() < RECORDS_PER_SCAN;
            range = range.continued_after(last);
            for (key, metric) in read {
                let Some((namespace, name, _)) = metric_parts(&key) else { continue };
                let named = input.metric_name.as_ref().is_none_or(|wanted| *wanted == name);
                if !named || metric.seen < seen_from || !filters.iter().all(|filter| has(&metric, filter)) {
                    continue;
                }
                if metrics.len() == LIST_PAGE {
                    more = true;
                    break 'pages;
                }
                metrics.push(show(namespace, name, metric));
                last_shown = Some(key);
            }
            if whole {
                break;
            }
        }
        let next = last_shown.filter(|_| more);
        let owning = input.include_linked_accounts == Some(true);
        Ok(ListMetricsOutput {
            owning_accounts: owning.then(|| vec![cx.account.to_string(); metrics.len()]),
            metrics: Some(metrics),
            next_token: next.map(|key| self.give_token(cx, "ListMetrics", &parameters, key.as_bytes())),
        })
    }
}

fn check(input: &ListMetricsInput) -> Result<()> {
    let mut faults = Faults::default();
    if let Some(namespace) = &input.namespace {
        check_namespace("Namespace", namespace, &mut faults);
    }
    if let Some(name) = &input.metric_name {
        check_name("MetricName", name, &mut faults);
    }
    check_filters(input.dimensions.as_deref().unwrap_or_default(), &mut faults);
    // Of the errors that AWS names for ListMetrics.
    let lines: Vec<String> = faults.lines().collect();
    if lines.is_empty() { Ok(()) } else { Err(Error::Invalid(lines.join("\n"))) }
}

fn has(metric: &Metric, filter: &DimensionFilter) -> bool {
    let value_fits = |value: &String| filter.value.as_ref().is_none_or(|wanted| wanted == value);
    metric.dimensions.iter().any(|(name, value)| *name == filter.name && value_fits(value))
}

fn show(namespace: String, name: String, metric: Metric) -> Shown {
    let dimension = |(name, value)| Dimension { name, value };
    Shown {
        namespace: Some(namespace),
        metric_name: Some(name),
        dimensions: Some(metric.dimensions.into_iter().map(dimension).collect()),
    }
}
