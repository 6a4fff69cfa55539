//! Background work: writing the minutes of services' samples, and rolling up and deleting what has grown old.

use std::sync::Arc;
use std::time::Duration;

use kernel::{BoxFuture, Timestamp};
use store::{Direction, Key, KeyRange, Release, StoreError};

use crate::error::{Error, Result};
use crate::limits::{POINTS_PER_COMMIT, RECORDS_PER_SCAN, RETENTION, SWEEP_PAUSE_MIN};
use crate::model::aggregate::Aggregate;
use crate::model::period::{floor, kept_from};
use crate::model::series::SeriesId;
use crate::records::{Metric, Place, metric_parts, point_parts};
use crate::service::Service;

/// The pause after a task failed on the disk.
const FAILURE_PAUSE: Duration = Duration::from_secs(5);

impl Service {
    /// The room's tasks, each with its name. They run until they are dropped, and may be dropped at any time.
    pub fn tasks(self: &Arc<Self>) -> Vec<(&'static str, BoxFuture<'static, ()>)> {
        let (samples, sweep, alarms, actions) = (self.clone(), self.clone(), self.clone(), self.clone());
        vec![
            ("cloudwatch-samples", Box::pin(async move { samples.run_samples().await })),
            ("cloudwatch-sweep", Box::pin(async move { sweep.run_sweep().await })),
            ("cloudwatch-alarms", Box::pin(async move { alarms.run_alarms().await })),
            ("cloudwatch-actions", Box::pin(async move { actions.run_actions().await })),
        ]
    }

    /// Writes open minutes too: a stop loses nothing. What comes after it for the same minute is a piece of its own.
    pub async fn flush(&self) {
        if let Err(error) = self.write_samples(true).await {
            tracing::warn!(%error, "the last samples could not be kept");
        }
    }

    async fn run_samples(&self) {
        loop {
            if let Err(error) = self.write_samples(false).await {
                self.recover(error).await;
                continue;
            }
            let woken = self.samples.notified();
            match self.open.first_end() {
                None => woken.await,
                Some(end) => {
                    let left = Timestamp::from_secs(end).since(self.wall());
                    tokio::select! {
                        biased;
                        () = woken => {}
                        () = self.clock.sleep_until(self.clock.now() + left) => {}
                    }
                }
            }
        }
    }

    async fn write_samples(&self, also_open: bool) -> Result<()> {
        let (now, mut after) = (self.wall(), None);
        loop {
            let writing = self.open.due(now, also_open, after);
            after = writing.up_to;
            if !writing.points.is_empty() || !writing.metrics.is_empty() {
                let (points, metrics) = (writing.points.clone(), writing.metrics.clone());
                self.store
                    .transact(move |txn| {
                        points.into_iter().try_for_each(|(key, point)| txn.put(key, point))?;
                        metrics.into_iter().try_for_each(|(key, metric)| txn.put_record(key, &metric))?;
                        txn.release(Release::Written);
                        Ok::<_, StoreError>(())
                    })
                    .await?;
                self.open.written(writing, now);
                self.sweep.notify_one();
            }
            if after.is_none() {
                break;
            }
        }
        let dropped = self.open.tidy(now);
        if dropped > 0 {
            tracing::warn!(dropped, "more metrics at once than are kept in memory");
        }
        Ok(())
    }

    /// Waits after a failure; for ever when the store has ended, because then this task is about to be dropped.
    pub(crate) async fn recover(&self, error: Error) {
        if matches!(error, Error::Store(StoreError::Ended)) {
            return std::future::pending().await;
        }
        tracing::error!(%error, "background work failed");
        self.clock.pause(FAILURE_PAUSE).await;
    }

    /// Sweeps, and again when there may be something: after an hour, if anything was written since.
    async fn run_sweep(&self) {
        loop {
            match self.sweep_everywhere().await {
                Ok(next) => {
                    let pause = self.clock.sleep_until(self.clock.now() + SWEEP_PAUSE_MIN);
                    pause.await;
                    if !next {
                        self.sweep.notified().await;
                    }
                }
                Err(error) => self.recover(error).await,
            }
        }
    }

    /// Answers whether anything is left that will grow old.
    pub(crate) async fn sweep_everywhere(&self) -> Result<bool> {
        let mut left = false;
        for place in self.places()? {
            let mut range = KeyRange::prefix(&place.metrics());
            while !range.is_empty() {
                let metrics = self.store.scan_records::<Metric>(&range, RECORDS_PER_SCAN, Direction::Forward)?;
                let Some((last, _)) = metrics.last() else { break };
                left = true;
                range = range.continued_after(last);
                for (key, metric) in metrics {
                    self.sweep_metric(&place, key, &metric).await?;
                }
            }
        }
        Ok(left)
    }

    async fn sweep_metric(&self, place: &Place, key: Key, metric: &Metric) -> Result<()> {
        let (_, _, series) = metric_parts(&key).ok_or(Error::Damaged)?;
        let now = self.wall().secs();
        for (length, _, into) in RETENTION {
            // Rolled up are whole longer periods only.
            let before = into.map_or(kept_from(length, now), |into| floor(kept_from(length, now), into));
            while self.sweep_points(place, series, (length, into), before).await? == POINTS_PER_COMMIT {}
        }
        let longest = RETENTION.iter().map(|(length, ..)| *length).max().unwrap_or_default();
        if metric.seen < kept_from(longest, now) {
            let seen = metric.seen;
            self.store
                .transact(move |txn| {
                    // A value may have come meanwhile.
                    if txn.get_record::<Metric>(&key)?.is_some_and(|metric| metric.seen == seen) {
                        txn.delete(key);
                    }
                    Ok::<_, StoreError>(())
                })
                .await?;
        }
        Ok(())
    }

    /// Rolls up or deletes some points that begin before a time. Answers how many.
    async fn sweep_points(
        &self,
        place: &Place,
        series: SeriesId,
        (length, into): (u32, Option<u32>),
        before: i64,
    ) -> Result<usize> {
        let points = place.points(series, length);
        let end = points.clone().part_u64(u64::try_from(before).unwrap_or(0));
        let range = KeyRange::between(&points, &end);
        let old = self.store.scan(&range, POINTS_PER_COMMIT, Direction::Forward)?;
        let count = old.len();
        if count == 0 {
            return Ok(0);
        }
        let place = place.clone();
        self.store
            .transact(move |txn| {
                for (key, _) in old {
                    let (start, unit, _) = point_parts(&key).ok_or(Error::Damaged)?;
                    if let (Some(into), Some(stored)) = (into, txn.get(&key)?) {
                        let target = place.point(series, into, floor(start, into), unit, 0);
                        let rolled = txn.get(&target)?;
                        let mut rolled = match rolled {
                            Some(rolled) => Aggregate::decode(&rolled).ok_or(Error::Damaged)?,
                            None => Aggregate::default(),
                        };
                        rolled.merge(&Aggregate::decode(&stored).ok_or(Error::Damaged)?);
                        txn.put(target, rolled.encode())?;
                    }
                    txn.delete(key);
                }
                txn.release(Release::Written);
                Ok::<_, Error>(())
            })
            .await?;
        Ok(count)
    }
}
