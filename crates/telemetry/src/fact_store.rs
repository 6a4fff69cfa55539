//! The record of facts: what is told, and what is asked.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use kernel::{AccountId, Clock, Region};
use store::{Direction, Key, KeyRange, Store, StoreError};
use tokio::sync::{mpsc, oneshot};

use crate::limits::{FLUSH_MAX, IDS_MAX, QUEUED_MAX, STORY_FACTS_MAX, TEXT_CHARS_MAX};
use crate::records::{Extent, Place};
use crate::{Fact, Facts, What};

/// Facts on disk: bounded, found by request and message. Its background work is in [`FactStore::tasks`].
pub struct FactStore {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    queue: mpsc::Sender<Told>,
    /// Until the task that writes takes it.
    pub(crate) told: Mutex<Option<mpsc::Receiver<Told>>>,
    dropped: AtomicU64,
    pub(crate) bytes_max: u64,
}

pub(crate) enum Told {
    Fact(Box<Fact>),
    /// Answered once everything before it is written.
    Flush(oneshot::Sender<()>),
}

/// What facts are asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    Request(String),
    Message(String),
}

/// The facts about one thing, and those that they lead to.
#[derive(Clone, Debug, PartialEq)]
pub struct Story {
    pub about: About,
    /// In the order in which they were told.
    pub facts: Vec<Fact>,
}

impl FactStore {
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Arc<Self> {
        Self::bounded(store, clock, crate::limits::KEPT_BYTES_MAX)
    }

    /// With another bound than [`crate::limits::KEPT_BYTES_MAX`], for tests.
    pub fn bounded(store: Store, clock: Arc<dyn Clock>, bytes_max: u64) -> Arc<Self> {
        let (queue, told) = mpsc::channel(QUEUED_MAX);
        let told = Mutex::new(Some(told));
        Arc::new(Self { store, clock, queue, told, dropped: AtomicU64::new(0), bytes_max })
    }

    /// Facts that were lost since the start, because more came than could be written.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    pub(crate) fn drop_some(&self, count: usize) {
        self.dropped.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// Returns when everything that was told before is written, or after a moment all the same.
    pub async fn flush(&self) {
        let written = async {
            let (reply, written) = oneshot::channel();
            if self.queue.send(Told::Flush(reply)).await.is_ok() {
                // It goes without an answer when the task that writes has ended.
                let _ = written.await;
            }
        };
        if self.clock.timeout(FLUSH_MAX, written).await.is_err() {
            tracing::info!("facts could not be written in time");
        }
    }

    /// What is known about a request or a message of this account and region, what was told just now included.
    /// Shape: of a request also what is known of those that were in its way; of a message also its receivers' requests.
    pub async fn about(&self, account: &AccountId, region: &Region, about: About) -> Result<Story, StoreError> {
        self.flush().await;
        let place = Place { account: account.clone(), region: region.clone() };
        self.story(&place, about)
    }

    /// The same for whatever was told last.
    pub async fn last(&self, account: &AccountId, region: &Region) -> Result<Option<Story>, StoreError> {
        self.flush().await;
        let place = Place { account: account.clone(), region: region.clone() };
        let facts: Vec<(Key, Fact)> = self.store.scan_records(&self.all(&place)?, 1, Direction::Backward)?;
        let about = facts.first().and_then(|(_, fact)| subject_of(fact));
        about.map(|about| self.story(&place, about)).transpose()
    }

    /// The facts that a place has; no deleted ones are crossed.
    fn all(&self, place: &Place) -> Result<KeyRange, StoreError> {
        let extent: Extent = self.store.get_record(&place.extent())?.unwrap_or_default();
        Ok(place.facts_from(extent.first))
    }

    fn story(&self, place: &Place, about: About) -> Result<Story, StoreError> {
        let own = match &about {
            About::Request(id) => self.numbers(&place.by_request(id), STORY_FACTS_MAX)?,
            About::Message(id) => self.numbers(&place.by_message(id), STORY_FACTS_MAX)?,
        };
        let mut numbers: BTreeSet<u64> = own.iter().copied().collect();
        let mut leads: BTreeSet<String> = BTreeSet::new();
        for fact in self.read(place, &own)? {
            match fact.what {
                What::Throttled { holders, .. } => leads.extend(holders.into_iter().flat_map(|holder| holder.requests)),
                _ => leads.extend(fact.requests),
            }
        }
        for request in leads {
            let room = (2 * STORY_FACTS_MAX).saturating_sub(numbers.len());
            if room == 0 {
                break;
            }
            numbers.extend(self.numbers(&place.by_request(&request), room)?);
        }
        let numbers: Vec<u64> = numbers.into_iter().collect();
        Ok(Story { about, facts: self.read(place, &numbers)? })
    }

    /// The numbers of the latest entries.
    fn numbers(&self, entries: &Key, most: usize) -> Result<Vec<u64>, StoreError> {
        let found = self.store.scan(&KeyRange::prefix(entries), most, Direction::Backward)?;
        Ok(found.iter().rev().filter_map(|(key, _)| key.last_u64()).collect())
    }

    fn read(&self, place: &Place, numbers: &[u64]) -> Result<Vec<Fact>, StoreError> {
        let facts = numbers.iter().map(|number| self.store.get_record(&place.fact(*number)));
        Ok(facts.collect::<Result<Vec<Option<Fact>>, _>>()?.into_iter().flatten().collect())
    }
}

impl Facts for FactStore {
    fn tell(&self, fact: Fact) {
        if self.queue.try_send(Told::Fact(Box::new(bounded(fact)))).is_err() {
            self.drop_some(1);
        }
    }
}

/// What a fact is mostly about.
fn subject_of(fact: &Fact) -> Option<About> {
    let request = || fact.requests.first().cloned().map(About::Request);
    let message = || fact.messages.first().cloned().map(About::Message);
    match fact.what {
        What::Redelivered { .. } | What::SettledLate { .. } | What::DeadLettered { .. } => message().or_else(request),
        _ => request().or_else(message),
    }
}

/// Cuts what others have chosen to what a fact may hold.
fn bounded(mut fact: Fact) -> Fact {
    fact.requests.truncate(IDS_MAX);
    fact.messages.truncate(IDS_MAX);
    match &mut fact.what {
        What::Crashed { message, error_type, .. }
        | What::ImportRefused { message, error_type, .. }
        | What::HandlerFailed { message, error_type, .. } => {
            cut(message);
            cut(error_type);
        }
        What::NotStarted { reason, .. } => cut(reason),
        _ => {}
    }
    fact
}

fn cut(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(TEXT_CHARS_MAX) {
        text.truncate(end);
    }
}
