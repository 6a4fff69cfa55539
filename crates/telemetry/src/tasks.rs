//! The task that writes facts, and drops the oldest.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use kernel::{BoxFuture, Timestamp};
use store::{Direction, Key, Release, StoreError, Txn};
use tokio::sync::{mpsc, oneshot};

use crate::fact_store::{FactStore, Told};
use crate::limits::{
    ALIKE_WITHIN, DROPPED_AT_ONCE, FACT_WEIGHT, FAILURE_PAUSE, GATHERED_FOR, GROUP_BYTES_MAX, GROUP_FACTS_MAX,
    ID_WEIGHT, IDS_MAX, KEPT_FOR,
};
use crate::records::{ENTRY, Extent, Place, SERVICE, encode, size};
use crate::{Fact, Holder, What};

/// What each place has, as it stands on disk. Only this task writes it.
type Extents = BTreeMap<Place, Extent>;

/// What is written together.
#[derive(Default)]
struct Group {
    facts: Vec<Fact>,
    bytes: usize,
    waiting: Vec<oneshot::Sender<()>>,
}

impl Group {
    fn is_full(&self) -> bool {
        self.facts.len() >= GROUP_FACTS_MAX || self.bytes >= GROUP_BYTES_MAX
    }

    fn take(&mut self, told: Told) {
        match told {
            Told::Flush(reply) => self.waiting.push(reply),
            Told::Fact(fact) => self.add(*fact),
        }
    }

    /// Throttles of one moment and one kind are one fact of many requests: a burst of them must not drive out all else.
    fn add(&mut self, mut fact: Fact) {
        let ids = fact.requests.len() + fact.messages.len();
        self.bytes += ids * ID_WEIGHT;
        let mut latest = self.facts.iter_mut().rev().take(ALIKE_WITHIN);
        match latest.find(|other| are_alike(other, &fact) && other.requests.len() + ids <= IDS_MAX) {
            Some(other) => other.requests.append(&mut fact.requests),
            None => {
                self.bytes += FACT_WEIGHT;
                self.facts.push(fact);
            }
        }
    }
}

/// The same function met the same limit, and the same held it.
fn are_alike(a: &Fact, b: &Fact) -> bool {
    let (
        What::Throttled { function: f, via: v, limit: l, holders: x },
        What::Throttled { function: g, via: w, limit: m, holders: y },
    ) = (&a.what, &b.what)
    else {
        return false;
    };
    let counts = |holders: &[Holder]| holders.iter().map(|h| (h.function.clone(), h.running)).collect::<Vec<_>>();
    (f, v, l, &a.account, &a.region) == (g, w, m, &b.account, &b.region) && counts(x) == counts(y)
}

impl FactStore {
    /// Background work by name; it runs until it is dropped, and may be dropped at any time.
    pub fn tasks(self: &Arc<Self>) -> Vec<(&'static str, BoxFuture<'static, ()>)> {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner).take();
        let facts = self.clone();
        vec![(
            "facts",
            Box::pin(async move {
                if let Some(told) = told {
                    facts.run(told).await;
                }
            }),
        )]
    }

    async fn run(&self, mut told: mpsc::Receiver<Told>) {
        let mut extents = loop {
            match self.extents() {
                Ok(extents) => break extents,
                Err(error) => self.recover(&error).await,
            }
        };
        loop {
            let expiry = extents.values().map(|extent| extent.oldest + KEPT_FOR).min();
            let expires = async {
                match expiry {
                    Some(due) => self.clock.sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            let waiting = tokio::select! {
                biased;
                first = told.recv() => {
                    let Some(first) = first else { return };
                    self.take_group(first, &mut told, &mut extents).await
                }
                () = expires => Vec::new(),
            };
            if let Err(error) = self.drop_oldest(&mut extents).await {
                self.recover(&error).await;
            }
            for reply in waiting {
                // Whoever waited may have given up.
                let _ = reply.send(());
            }
        }
    }

    /// Writes what has gathered. Answers who waits for that.
    async fn take_group(
        &self,
        first: Told,
        told: &mut mpsc::Receiver<Told>,
        extents: &mut Extents,
    ) -> Vec<oneshot::Sender<()>> {
        let mut group = Group::default();
        group.take(first);
        let mut enough = self.clock.pause(GATHERED_FOR);
        // Whoever asks waits for what was told before it, and for nothing else.
        while !group.is_full() && group.waiting.is_empty() {
            let more = tokio::select! {
                biased;
                more = told.recv() => more,
                () = &mut enough => None,
            };
            let Some(more) = more else { break };
            group.take(more);
        }
        let count = group.facts.len();
        if let Err(error) = self.write(group.facts, extents).await {
            self.drop_some(count);
            self.recover(&error).await;
        }
        group.waiting
    }

    /// Waits after a failure; for ever when the store has ended, because then this task is about to be dropped.
    async fn recover(&self, error: &StoreError) {
        if matches!(error, StoreError::Ended) {
            return std::future::pending().await;
        }
        tracing::warn!(%error, dropped = self.dropped(), "facts could not be kept");
        self.clock.pause(FAILURE_PAUSE).await;
    }

    async fn write(&self, facts: Vec<Fact>, extents: &mut Extents) -> Result<(), StoreError> {
        if facts.is_empty() {
            return Ok(());
        }
        let mut after = Extents::new();
        let mut changes = Vec::new();
        for fact in facts {
            // Every fact can be written as JSON.
            let Ok(value) = encode(&fact) else { continue };
            let place = Place { account: fact.account.clone(), region: fact.region.clone() };
            let before = extents.get(&place).copied().unwrap_or_default();
            let extent = after.entry(place.clone()).or_insert(before);
            let number = extent.next;
            if extent.first == number {
                extent.oldest = fact.at;
            }
            let (key, entries) = (place.fact(number), place.entries(&fact, number));
            extent.bytes += size(&key, &value, &entries);
            extent.next += 1;
            changes.push((key, value));
            changes.extend(entries.into_iter().map(|entry| (entry, ENTRY.to_vec())));
        }
        let stored = after.clone();
        let write = move |txn: &mut Txn| {
            txn.release(Release::Written);
            for (key, value) in changes {
                txn.put(key, value)?;
            }
            for (place, extent) in &stored {
                txn.put_record(place.extent(), extent)?;
            }
            Ok::<_, StoreError>(())
        };
        self.store.transact(write).await?;
        extents.append(&mut after);
        Ok(())
    }

    /// Drops what is too old or too much, whosever is the oldest.
    async fn drop_oldest(&self, extents: &mut Extents) -> Result<(), StoreError> {
        let mut bytes: u64 = extents.values().map(|extent| extent.bytes).sum();
        // Some more than needed, so that a full record does not drop one fact for each that comes.
        let wanted = if bytes > self.bytes_max { self.bytes_max - self.bytes_max / 16 } else { u64::MAX };
        loop {
            let expired_before = self.clock.now() - KEPT_FOR;
            let Some((place, before)) = extents
                .iter()
                .min_by_key(|(_, extent)| extent.oldest)
                .filter(|(_, extent)| bytes > wanted || extent.oldest <= expired_before)
                .map(|(place, extent)| (place.clone(), *extent))
            else {
                return Ok(());
            };
            let others = extents.iter().filter(|(other, _)| **other != place).map(|(_, extent)| extent.oldest).min();
            let over = bytes.saturating_sub(wanted);
            let after = self.drop_some_of(&place, before, over, expired_before, others).await?;
            if after.first == after.next {
                bytes = bytes.saturating_sub(before.bytes);
                extents.remove(&place);
            } else {
                bytes = bytes.saturating_sub(before.bytes - after.bytes);
                extents.insert(place, after);
            }
        }
    }

    /// Drops a piece: facts from the first on, as long as they are too old, or so many bytes are not gone yet and nobody
    /// else's are older. One goes in any case.
    async fn drop_some_of(
        &self,
        place: &Place,
        before: Extent,
        over: u64,
        expired_before: Timestamp,
        others: Option<Timestamp>,
    ) -> Result<Extent, StoreError> {
        let oldest = self.store.scan(&place.facts_from(before.first), DROPPED_AT_ONCE + 1, Direction::Forward)?;
        let mut extent = before;
        let mut gone: Vec<Key> = Vec::new();
        // Without any fact the extent is wrong: then nothing is there.
        extent.first = before.next;
        for (at, (key, value)) in oldest.into_iter().enumerate() {
            let number = key.last_u64().unwrap_or(before.next);
            let fact: Option<Fact> = value.get(1..).and_then(|json| serde_json::from_slice(json).ok());
            let when = fact.as_ref().map_or(before.oldest, |fact| fact.at);
            let freed = before.bytes - extent.bytes;
            let goes = when <= expired_before || (freed < over && others.is_none_or(|others| when <= others));
            if at > 0 && (!goes || at == DROPPED_AT_ONCE) {
                (extent.first, extent.oldest) = (number, when);
                break;
            }
            let entries = fact.map(|fact| place.entries(&fact, number)).unwrap_or_default();
            extent.bytes = extent.bytes.saturating_sub(size(&key, &value, &entries));
            gone.push(key);
            gone.extend(entries);
        }
        let (extent_key, kept) = (place.extent(), extent);
        let drop = move |txn: &mut Txn| {
            txn.release(Release::Written);
            gone.into_iter().for_each(|key| txn.delete(key));
            if kept.first == kept.next {
                txn.delete(extent_key);
                return Ok(());
            }
            txn.put_record(extent_key, &kept)
        };
        self.store.transact::<_, StoreError, _>(drop).await?;
        Ok(extent)
    }

    /// What every place has.
    fn extents(&self) -> Result<Extents, StoreError> {
        let mut extents = Extents::new();
        for (account, region) in self.store.places(SERVICE)? {
            let place = Place { account, region };
            if let Some(extent) = self.store.get_record(&place.extent())? {
                extents.insert(place, extent);
            }
        }
        Ok(extents)
    }
}
