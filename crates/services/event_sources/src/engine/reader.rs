//! The one reader of a mapping: reads, filters, gathers, and lets batches out while there is room.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt;
use kernel::{BoxFuture, Clock, Timestamp};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::metrics::Count;
use super::ready::{Ready, source_problem};
use super::run::{BatchEnd, How, run};
use crate::limits::{BACKLOG_READ_MAX, SQS_WAIT_S_MAX};
use crate::model::batch::{Entry, Gathered};
use crate::model::scaling::Scaling;
use crate::service::Service;
use crate::source::SourceError;

/// Why a reader stopped.
pub(super) enum Ended {
    /// The mapping's record has changed.
    Changed,
    /// It cannot go on.
    Problem { problem: String, after_work: bool },
}

/// Batches that are out. They outlive the reader that let them out.
pub(super) struct Batches(JoinSet<BatchEnd>);

type Read = Result<Vec<Entry>, SourceError>;

impl Batches {
    pub(super) fn new() -> Self {
        Self(JoinSet::new())
    }

    /// The next that ends; never, if none is out.
    async fn next(&mut self) -> BatchEnd {
        match self.0.join_next().await {
            Some(Ok(end)) => end,
            Some(Err(error)) => {
                tracing::error!(%error, "a batch ended before its messages were settled");
                BatchEnd { how: How::Failed, problem: None }
            }
            None => std::future::pending().await,
        }
    }

    /// Takes note of batches that end until something happens.
    pub(super) async fn until(&mut self, something: impl Future<Output = ()>) {
        let mut something = std::pin::pin!(something);
        loop {
            tokio::select! {
                biased;
                () = &mut something => return,
                _ = self.next() => {}
            }
        }
    }

    pub(super) async fn end(mut self) {
        while self.0.join_next().await.is_some() {}
    }
}

struct Reader<'a> {
    service: &'a Arc<Service>,
    ready: Arc<Ready>,
    gathered: Gathered,
    scaling: Scaling,
    reading: Option<BoxFuture<'static, Read>>,
    read_began: Timestamp,
    after_work: bool,
}

/// What a reader waits for.
enum Event {
    Changed,
    Batch(BatchEnd),
    Read(Read),
    Time,
}

/// Reads until the mapping changes or cannot go on. What was gathered leaves before.
pub(super) async fn read(service: &Arc<Service>, ready: Arc<Ready>, wake: &Notify, batches: &mut Batches) -> Ended {
    let now = service.clock.now();
    let mut reader = Reader {
        service,
        gathered: Gathered::new(ready.measure),
        scaling: Scaling::new(ready.bounds, now),
        reading: None,
        read_began: now,
        after_work: false,
        ready,
    };
    let ended = reader.work(wake, batches).await;
    // What the source has handed over already would else be hidden for nothing.
    if let Some(Ok(entries)) = reader.reading.take().and_then(FutureExt::now_or_never) {
        reader.take_in(entries).await;
    }
    while !reader.gathered.is_empty() {
        reader.let_out(batches);
    }
    ended
}

impl Reader<'_> {
    async fn work(&mut self, wake: &Notify, batches: &mut Batches) -> Ended {
        loop {
            let now = self.service.clock.now();
            let has_room = self.has_room(batches, now);
            if has_room && self.gathered.due().is_some_and(|due| due <= now) {
                self.let_out(batches);
                continue;
            }
            if has_room && self.reading.is_none() {
                self.read_began = now;
                self.reading = Some(self.ready.source.read(self.gathered.room(), self.wait(now)));
            }
            match self.next(wake, batches, has_room).await {
                Event::Changed => return Ended::Changed,
                Event::Time => {}
                Event::Batch(end) => {
                    if let Some(ended) = self.batch_ended(end) {
                        return ended;
                    }
                }
                Event::Read(Ok(entries)) => self.take_in(entries).await,
                Event::Read(Err(error)) => {
                    return Ended::Problem { problem: source_problem(&error), after_work: self.after_work };
                }
            }
        }
    }

    /// Whether one more batch may be out. While all are, concurrency grows, unless batches wait to be let run.
    fn has_room(&mut self, batches: &Batches, now: Timestamp) -> bool {
        if batches.0.len() < self.scaling.limit() {
            return true;
        }
        self.scaling.on_starved(now);
        if self.ready.throttled.load(Ordering::Relaxed) == 0 {
            self.scaling.grow(now);
        }
        batches.0.len() < self.scaling.limit()
    }

    /// How long the next read may wait.
    fn wait(&self, now: Timestamp) -> Duration {
        let longest = Duration::from_secs(SQS_WAIT_S_MAX);
        self.gathered.due().map_or(longest, |due| due.since(now).min(longest))
    }

    async fn next(&mut self, wake: &Notify, batches: &mut Batches, has_room: bool) -> Event {
        let clock: &dyn Clock = &*self.service.clock;
        let is_throttled = self.ready.throttled.load(Ordering::Relaxed) > 0;
        let due = if has_room { self.gathered.due() } else { self.scaling.next_growth().filter(|_| !is_throttled) };
        let reading = async {
            match &mut self.reading {
                Some(reading) => reading.await,
                None => std::future::pending().await,
            }
        };
        let time = async {
            match due {
                Some(due) => clock.sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = wake.notified() => Event::Changed,
            end = batches.next() => Event::Batch(end),
            read = reading => {
                self.reading = None;
                Event::Read(read)
            }
            () = time => Event::Time,
        }
    }

    /// What does not pass the filters is settled at once.
    async fn take_in(&mut self, entries: Vec<Entry>) {
        self.after_work = true;
        if entries.is_empty() {
            self.scaling.on_empty();
            return;
        }
        if self.service.clock.now().since(self.read_began) > BACKLOG_READ_MAX {
            self.scaling.on_waited();
        }
        let Ready { source, filters, counts, .. } = &*self.ready;
        counts.add(Count::Polled, entries.len());
        if filters.is_empty() {
            self.gathered.add(entries);
            return;
        }
        let (wanted, others): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| {
            kernel::sabotaged!("a filter lets everything through") || filters.pass(&entry.json, source.content())
        });
        if !kernel::sabotaged!("a filter drops what comes with it") || others.is_empty() {
            self.gathered.add(wanted);
        } else {
            drop(source.settle(wanted.into_iter().map(|entry| entry.handle).collect()).await);
        }
        if others.is_empty() {
            return;
        }
        counts.add(Count::FilteredOut, others.len());
        if kernel::sabotaged!("what a filter drops is kept") {
            return;
        }
        let settled = source.settle(others.into_iter().map(|entry| entry.handle).collect()).await;
        if let Err(error) = settled {
            tracing::info!(%error, mapping = self.ready.id.uuid, "messages that a filter drops will come back");
        }
    }

    fn let_out(&mut self, batches: &mut Batches) {
        let parts = self.gathered.take();
        batches.0.spawn(run(self.service.clone(), self.ready.clone(), parts));
    }

    /// Of a function that reports failures, errors do not slow the mapping down.
    /// Source: Lambda Developer Guide, "Implementing partial batch responses".
    fn batch_ended(&mut self, end: BatchEnd) -> Option<Ended> {
        self.after_work = true;
        let counts = match end.how {
            How::Succeeded => false,
            How::Failed => !self.ready.reports_failures,
            How::Dropped => true,
        };
        if counts {
            self.scaling.on_failure(self.service.clock.now());
        }
        end.problem.map(|problem| Ended::Problem { problem, after_work: false })
    }
}
