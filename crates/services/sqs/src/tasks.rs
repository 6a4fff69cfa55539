//! Background work: keeping the time, sweeping what was purged or deleted, running move tasks.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use kernel::{BoxFuture, Timestamp};
use store::{Direction, KeyRange, Part, StoreError};

use crate::error::{Error, Result};
use crate::machine::{Command, Measures, Out};
use crate::model::name::QueueName;
use crate::records::{Place, QueueId, SERVICE};
use crate::service::Service;

/// Milliseconds between two records of a queue's metrics. Source: SQS Developer Guide, "Monitoring Amazon SQS queues using
/// CloudWatch".
const MINUTE_MS: i64 = 60_000;
/// The pause after a task failed on the disk.
const FAILURE_PAUSE: Duration = Duration::from_secs(5);

impl Service {
    /// The room's tasks, each with its name. They run until they are dropped, and may be dropped at any time.
    pub fn tasks(self: &Arc<Self>) -> Vec<(&'static str, BoxFuture<'static, ()>)> {
        let timers = self.timers.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (sweep, moves, metrics) = (self.clone(), self.clone(), self.clone());
        vec![
            (
                "sqs-timers",
                Box::pin(async move {
                    if let Some(timers) = timers {
                        timers.run().await;
                    }
                }),
            ),
            ("sqs-sweep", Box::pin(async move { sweep.run_sweep().await })),
            ("sqs-moves", Box::pin(async move { moves.run_moves().await })),
            ("sqs-metrics", Box::pin(async move { metrics.run_metrics().await })),
        ]
    }

    async fn run_sweep(&self) {
        loop {
            match self.sweep_everywhere().await {
                Ok(()) => self.sweep.notified().await,
                Err(error) => self.recover(error).await,
            }
        }
    }

    /// Waits after a failure; for ever when the store has ended, because then this task is about to be dropped.
    pub(crate) async fn recover(&self, error: Error) {
        if matches!(error, Error::Store(StoreError::Ended)) {
            return std::future::pending().await;
        }
        tracing::error!(%error, "background work failed");
        self.clock.pause(FAILURE_PAUSE).await;
    }

    /// Records what was counted and how queues stand, as each minute ends, while some queue is active.
    async fn run_metrics(&self) {
        loop {
            if self.metrics.active().is_empty() {
                self.metrics.wake.notified().await;
            }
            let now = self.clock.wall().millis();
            let end = now - now.rem_euclid(MINUTE_MS) + MINUTE_MS;
            let left = Duration::from_millis(u64::try_from(end - now).unwrap_or(0));
            self.clock.sleep_until(self.clock.now() + left).await;
            // What came until the end belongs to the minute that ends; a virtual clock may wake us within it.
            self.record_metrics(Timestamp::from_millis(self.clock.wall().millis().min(end - 1))).await;
        }
    }

    /// Hands over what was counted, before the server stops.
    pub fn flush_metrics(&self) {
        self.metrics.record_counts(&self.metrics.active(), self.clock.wall());
    }

    async fn record_metrics(&self, at: Timestamp) {
        let active = self.metrics.active();
        self.metrics.record_counts(&active, at);
        for (name, tally) in active {
            match self.measure(&name).await {
                Ok(measures) => self.metrics.record_measures(&name, &tally, &measures, at),
                Err(Error::NoSuchQueue) => self.metrics.forget(&name, &tally),
                Err(error) => return self.recover(error).await,
            }
        }
    }

    async fn measure(&self, name: &QueueName) -> Result<Measures> {
        match self.call(&self.known(name)?.id, Command::Measure).await? {
            Out::Measured(measures) => Ok(*measures),
            _ => Err(Error::Damaged),
        }
    }

    async fn sweep_everywhere(&self) -> Result<()> {
        for place in self.places()? {
            let all = KeyRange::prefix(&place.leftovers());
            for (key, _) in self.store.scan(&all, usize::MAX, Direction::Forward)? {
                let parts = key.parts().unwrap_or_default();
                let (Some(number), Some(name)) =
                    (parts.get(4).and_then(Part::number), parts.get(5).and_then(Part::text))
                else {
                    continue;
                };
                let name =
                    QueueName { account: place.account.clone(), region: place.region.clone(), name: name.to_owned() };
                let id = QueueId::new(name, number);
                while let Out::SweepOn = self.machines.call(&id, Command::Sweep).await? {}
                if self.known(id.name()).map_or(true, |known| known.id != id) {
                    self.machines.forget(&id).await?;
                }
            }
        }
        Ok(())
    }

    /// Every account and region that has queues, or had.
    pub(crate) fn places(&self) -> Result<Vec<Place>> {
        let places = self.store.places(SERVICE)?;
        Ok(places.into_iter().map(|(account, region)| Place { account, region }).collect())
    }
}
