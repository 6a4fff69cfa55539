//! PutMetricData.

use api_cloudwatch::types::PutMetricDataInput;
use kernel::Cx;
use store::{Release, StoreError};

use crate::error::{Error, Result};
use crate::limits::{DATA_MAX, ENTITIES_MAX, POINTS_PER_COMMIT};
use crate::model::aggregate::Aggregate;
use crate::model::datum::{Batch, Point, check_all};
use crate::model::faults::Faults;
use crate::model::names::check_namespace;
use crate::records::{Metric, Place};
use crate::service::Service;

impl Service {
    /// Everything is checked before anything is written. A call of many metrics is written in several transactions: one that
    /// is killed before its answer may leave some of it, as a retried call does on AWS.
    pub(crate) async fn put_data(&self, cx: &Cx, input: PutMetricDataInput) -> Result<()> {
        let PutMetricDataInput { namespace, metric_data, entity_metric_data, strict_entity_validation: _ } = input;
        let mut faults = Faults::default();
        check_namespace("Namespace", &namespace, &mut faults);
        if namespace.starts_with("AWS/") {
            faults.invalid("Namespace", &namespace);
        }
        let now = self.wall();
        let (mut batch, mut data) = (Batch::default(), metric_data.unwrap_or_default());
        check_all("MetricData", &data, now, &mut faults);
        let entities = entity_metric_data.unwrap_or_default();
        faults.size("EntityMetricData", entities.len(), ENTITIES_MAX);
        for (number, entity) in entities.into_iter().enumerate().take(ENTITIES_MAX) {
            let of_entity = entity.metric_data.unwrap_or_default();
            check_all(&format!("EntityMetricData.member.{}.MetricData", number + 1), &of_entity, now, &mut faults);
            data.extend(of_entity);
        }
        if data.is_empty() {
            faults.missing("MetricData");
        }
        faults.result()?;
        // Of both together, where neither alone has too many.
        if data.len() > DATA_MAX {
            return Err(Error::Invalid(format!(
                "The collection MetricData must not have a size greater than {DATA_MAX}."
            )));
        }
        batch.add(&namespace, data, now);
        self.write(Place::of(cx), batch).await
    }

    async fn write(&self, place: Place, batch: Batch) -> Result<()> {
        let Batch { series, points } = batch;
        let seen = self.wall().secs();
        let mut new = Vec::new();
        for (id, series) in series {
            if !self.is_fresh(&place, id) {
                let key = place.metric(&series.namespace, &series.name, id);
                new.push((id, key, Metric { dimensions: series.dimensions, seen }));
            }
        }
        for some in new.chunks(POINTS_PER_COMMIT) {
            let records: Vec<_> = some.iter().map(|(_, key, metric)| (key.clone(), metric.clone())).collect();
            self.store
                .transact(move |txn| {
                    records.into_iter().try_for_each(|(key, metric)| txn.put_record(key, &metric))?;
                    txn.release(Release::Written);
                    Ok::<_, StoreError>(())
                })
                .await?;
            some.iter().for_each(|(id, ..)| self.remember(&place, *id));
        }
        let mut points = points.into_iter().peekable();
        while points.peek().is_some() {
            let some: Vec<(Point, Aggregate)> = points.by_ref().take(POINTS_PER_COMMIT).collect();
            let place = place.clone();
            self.store
                .transact(move |txn| {
                    for ((id, length, start, unit), mut aggregate) in some {
                        let key = place.point(id, length, start, unit, 0);
                        if let Some(stored) = txn.get(&key)? {
                            let mut before = Aggregate::decode(&stored).ok_or(Error::Damaged)?;
                            before.merge(&aggregate);
                            aggregate = before;
                        }
                        txn.put(key, aggregate.encode())?;
                    }
                    txn.release(Release::Written);
                    Ok::<_, Error>(())
                })
                .await?;
        }
        self.sweep.notify_one();
        Ok(())
    }
}
