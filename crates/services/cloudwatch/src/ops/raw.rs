//! Every value as it is kept, for tools that read LocalStack's `/_aws/cloudwatch/metrics/raw`.

use kernel::AccountId;
use serde_json::{Value, json};
use store::{Direction, Key, KeyRange};

use crate::error::{Error, Result};
use crate::limits::{RAW_METRICS_MAX, RECORDS_PER_SCAN};
use crate::meter::MINUTE;
use crate::model::aggregate::Aggregate;
use crate::model::series::SeriesId;
use crate::records::{Metric, Place, SERVICE, metric_parts, point_parts};
use crate::service::Service;

impl Service {
    /// `{"metrics": [{"ns", "n", "v", "t", "d": [{"n", "v"}], "account", "region"}]}`, one entry a value where values are known and
    /// one a minute with its sum where they are not; at most 10,000. Of one account, or of all.
    pub fn raw(&self, only: Option<&AccountId>) -> Result<Value, String> {
        self.read_raw(only).map_err(|error| error.to_string())
    }

    fn read_raw(&self, only: Option<&AccountId>) -> Result<Value> {
        let wanted = |place: &Place| only.is_none_or(|account| place.account == *account);
        let mut shown = Vec::new();
        for (place, series, (start, _), piece) in self.open.all().into_iter().filter(|(place, ..)| wanted(place)) {
            show(&place, &series.namespace, &series.name, &series.dimensions, start, &piece.aggregate, &mut shown);
        }
        for place in self.places()?.into_iter().filter(wanted) {
            let mut range = KeyRange::prefix(&place.metrics());
            while !range.is_empty() && shown.len() < RAW_METRICS_MAX {
                let read = self.store.scan_records::<Metric>(&range, RECORDS_PER_SCAN, Direction::Forward)?;
                let Some((last, _)) = read.last() else { break };
                range = range.continued_after(last);
                for (key, metric) in read {
                    self.raw_metric(&place, &key, &metric, &mut shown)?;
                }
            }
        }
        shown.truncate(RAW_METRICS_MAX);
        Ok(json!({ "metrics": shown }))
    }

    fn raw_metric(&self, place: &Place, key: &Key, metric: &Metric, shown: &mut Vec<Value>) -> Result<()> {
        let (namespace, name, id): (String, String, SeriesId) = metric_parts(key).ok_or(Error::Damaged)?;
        let range = KeyRange::prefix(&place.points(id, MINUTE));
        let room = RAW_METRICS_MAX.saturating_sub(shown.len());
        for (key, stored) in self.store.scan(&range, room, Direction::Forward)? {
            let (start, _, _) = point_parts(&key).ok_or(Error::Damaged)?;
            let aggregate = Aggregate::decode(&stored).ok_or(Error::Damaged)?;
            show(place, &namespace, &name, &metric.dimensions, start, &aggregate, shown);
        }
        Ok(())
    }

    /// Every account and region that has metrics, or had.
    pub(crate) fn places(&self) -> Result<Vec<Place>> {
        let places = self.store.places(SERVICE)?;
        Ok(places.into_iter().map(|(account, region)| Place { account, region }).collect())
    }
}

fn show(
    place: &Place,
    namespace: &str,
    name: &str,
    dimensions: &[(String, String)],
    start: i64,
    aggregate: &Aggregate,
    shown: &mut Vec<Value>,
) {
    let dimensions: Vec<Value> = dimensions.iter().map(|(name, value)| json!({ "n": name, "v": value })).collect();
    let entry = |value: f64| {
        json!({
            "ns": namespace, "n": name, "v": value, "t": start, "d": dimensions,
            "account": place.account.as_str(), "region": place.region.as_str(),
        })
    };
    let room = RAW_METRICS_MAX.saturating_sub(shown.len());
    match aggregate.values() {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Capped by `take`.
        Some(values) => {
            let each = values.iter().flat_map(|(value, count)| std::iter::repeat_n(*value, count.max(1.0) as usize));
            shown.extend(each.take(room).map(entry));
        }
        None => shown.extend((room > 0).then(|| entry(aggregate.sum))),
    }
}
