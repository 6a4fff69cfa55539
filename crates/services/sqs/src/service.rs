use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use auth::policy::{Policy, PolicyKind};
use kernel::{Clock, Cx, PageTokens, Rng, Timestamp};
use store::{Machines, Store, Timers};
use telemetry::{Facts, Meter};
use tokio::sync::Notify;

use crate::access::{self, Action};
use crate::error::{Error, Result, required};
use crate::limits::{DELETED_NAME_PAUSE, PURGE_PAUSE};
use crate::machine::{Command, Out, QueueMachine, Rooms};
use crate::metrics::{Metrics, Tally};
use crate::model::name::QueueName;
use crate::records::{Place, Queue, QueueId};

/// What the room needs from outside.
pub struct Needs {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub rng: Arc<dyn Rng>,
    pub page_tokens: PageTokens,
    pub meter: Arc<dyn Meter>,
    pub facts: Arc<dyn Facts>,
    pub pauses: Pauses,
}

/// How long a queue rests between two purges, and a name after its queue was deleted. AWS's by default; suites of tests that
/// begin anew with every test want none.
#[derive(Clone, Copy, Debug)]
pub struct Pauses {
    pub purge: Duration,
    pub deleted_name: Duration,
}

impl Default for Pauses {
    fn default() -> Self {
        Self { purge: PURGE_PAUSE, deleted_name: DELETED_NAME_PAUSE }
    }
}

/// SQS. Its background work is in [`Service::tasks`].
pub struct Service {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
    pub(crate) page_tokens: PageTokens,
    pub(crate) facts: Arc<dyn Facts>,
    pub(crate) pauses: Pauses,
    pub(crate) machines: Machines<QueueMachine>,
    /// Until the task that keeps the time takes it.
    pub(crate) timers: Mutex<Option<Timers<QueueMachine>>>,
    /// Queues that were asked for before.
    known: RwLock<BTreeMap<QueueName, Arc<Known>>>,
    pub(crate) rooms: Rooms,
    pub(crate) metrics: Arc<Metrics>,
    /// Wakes the sweeper.
    pub(crate) sweep: Notify,
    /// Wakes the task that runs move tasks.
    pub(crate) moves: Notify,
}

/// A queue without its messages, as every call needs it.
pub(crate) struct Known {
    pub id: QueueId,
    pub queue: Queue,
    pub policy: Option<Policy>,
    pub tally: Arc<Tally>,
}

impl Known {
    pub(crate) fn name(&self) -> &QueueName {
        self.id.name()
    }

    pub(crate) fn arn(&self) -> String {
        self.name().arn().to_string()
    }

    pub(crate) fn is_fifo(&self) -> bool {
        self.queue.attributes.fifo.is_some()
    }
}

impl Service {
    pub fn new(needs: Needs) -> Self {
        let Needs { store, clock, rng, page_tokens, meter, facts, pauses } = needs;
        let (machines, timers) = Machines::new(store.clone());
        Self {
            metrics: Metrics::new(meter, clock.clone()),
            store,
            clock,
            rng,
            page_tokens,
            facts,
            pauses,
            machines,
            timers: Mutex::new(Some(timers)),
            known: RwLock::default(),
            rooms: Rooms::default(),
            sweep: Notify::new(),
            moves: Notify::new(),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn random(&self) -> u64 {
        u64::from_le_bytes(self.rng.bytes())
    }

    /// The queue that a call names, if the caller may do this to it.
    pub(crate) fn named(&self, cx: &Cx, url: Option<String>, action: Action) -> Result<Arc<Known>> {
        // The query protocol's older clients name the queue by the path alone.
        let by_path = || cx.path.as_deref().filter(|path| path.len() > 1).map(str::to_owned);
        let url = required(url.filter(|url| !url.is_empty()).or_else(by_path), "QueueUrl")?;
        let known = self.known(&QueueName::of_url(&url, &cx.region)?)?;
        access::check(cx, &known, action, self.now())?;
        self.metrics.touch(&known.tally);
        Ok(known)
    }

    /// Errors: there is no such queue.
    pub(crate) fn known(&self, name: &QueueName) -> Result<Arc<Known>> {
        if let Some(known) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            return Ok(known.clone());
        }
        self.learn(name)
    }

    /// Reads a queue's record anew.
    pub(crate) fn learn(&self, name: &QueueName) -> Result<Arc<Known>> {
        let queue: Option<Queue> = self.store.get_record(&Place::of(name).queue(&name.name))?;
        let queue = queue.ok_or(Error::NoSuchQueue)?;
        let policy = queue.attributes.policy.as_deref();
        let policy = policy.and_then(|policy| Policy::parse(policy, PolicyKind::Resource).ok());
        let tally = self.metrics.tally(name, queue.attributes.fifo.is_some());
        self.metrics.touch(&tally);
        let known = Arc::new(Known { id: QueueId::new(name.clone(), queue.number), queue, policy, tally });
        let mut all = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let newer = all.get(name).is_none_or(|other| {
            other.queue.number != known.queue.number || other.queue.revision <= known.queue.revision
        });
        if newer {
            all.insert(name.clone(), known.clone());
        }
        Ok(known)
    }

    /// Forgets a queue that is not there any more.
    pub(crate) async fn forget(&self, id: &QueueId) -> Result<()> {
        {
            let mut all = self.known.write().unwrap_or_else(PoisonError::into_inner);
            if all.get(id.name()).is_some_and(|known| known.id == *id) {
                all.remove(id.name());
            }
        }
        Ok(self.machines.forget(id).await?)
    }

    /// Errors: the queue was deleted meanwhile.
    pub(crate) async fn call(&self, id: &QueueId, command: Command) -> Result<Out> {
        match self.machines.call(id, command).await? {
            Out::NoQueue => {
                self.forget(id).await?;
                Err(Error::NoSuchQueue)
            }
            out => Ok(out),
        }
    }

    /// Changes a queue's record, and lets everybody know.
    pub(crate) async fn change(
        &self,
        known: &Known,
        change: impl FnOnce(&mut Queue) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        let (name, number) = (known.name().clone(), known.id.number());
        let (key, modified) = (Place::of(&name).queue(&name.name), self.now().secs());
        self.store
            .transact(move |txn| {
                let queue: Option<Queue> = txn.get_record(&key)?;
                let mut queue = queue.filter(|queue| queue.number == number).ok_or(Error::NoSuchQueue)?;
                change(&mut queue)?;
                queue.modified = modified;
                queue.revision += 1;
                Ok::<_, Error>(txn.put_record(key, &queue)?)
            })
            .await?;
        self.learn(&name)?;
        self.call(&known.id, Command::Refresh).await?;
        Ok(())
    }
}
