use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;

use bytes::Bytes;
use kernel::{AccountId, Clock, Region, Rng};
use tokio::sync::{Notify, Semaphore, oneshot};

use crate::backend::fjall::Fjall;
use crate::backend::mem::Mem;
use crate::backend::{Backend, Direction};
use crate::blob::Blobs;
use crate::committer::{Command, Committer, Done, Durability, OnFatal, Queued};
use crate::error::StoreError;
use crate::folder::{Folder, OpenError};
use crate::key::{Key, KeyRange, Part};
use crate::limits::{CLEARED_AT_ONCE, QUEUED_COMMANDS_MAX};
use crate::record::Record;
use crate::releaser::{self, Releaser, View, Visible};
use crate::seat::Seat;
use crate::stepped::{Pace, Steps};
use crate::txn::{Txn, read_record, read_records};

/// What `Store::open` needs to know.
pub struct Options {
    /// The data folder; made if it is not there.
    pub dir: PathBuf,
    pub durability: Durability,
    pub clock: Arc<dyn Clock>,
    pub rng: Arc<dyn Rng>,
}

/// Everything that is kept. Cheap to clone; the last clone that goes closes it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    visible: Visible,
    /// Gone once the store is closed.
    queue: Mutex<Option<Sender<Queued>>>,
    places: Arc<Semaphore>,
    committer: Mutex<Option<JoinHandle<()>>>,
    syncs: Arc<AtomicU64>,
    /// Where a caller who is alone may commit. None: in a simulation nobody may.
    seat: Option<Seat>,
    /// Where no thread waits at the queue's other end.
    submitted: Option<Arc<Notify>>,
    blobs: Blobs,
    secrets: Mutex<BTreeMap<String, [u8; 32]>>,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    /// Last, so that the lock is held until everything else is closed.
    folder: Folder,
}

/// What [`Store::open`] does when the disk fails: a last line, and the end of the process with [`EXIT_IO_ERROR`].
pub fn end_process(words: &str) {
    eprintln!("gureum: {words}");
    std::process::exit(EXIT_IO_ERROR);
}

/// `EX_IOERR` of sysexits.h.
pub const EXIT_IO_ERROR: i32 = 74;

impl Store {
    /// Keeps everything in memory, and blobs in a temporary folder that goes with the store.
    pub fn memory(clock: Arc<dyn Clock>, rng: Arc<dyn Rng>) -> Self {
        let folder = Folder::temporary().expect("the system's temporary folder can be written");
        Self::over(Arc::new(Mem::default()), Durability::Memory, folder, clock, rng, Arc::new(end_process))
    }

    /// Opens the data folder, making it at first use. With `Durability::Memory` the folder is not touched.
    /// Errors: it is in use (by which process is said), of a newer format, or cannot be read or written.
    pub fn open(options: Options) -> Result<Self, OpenError> {
        let Options { dir, durability, clock, rng } = options;
        if durability == Durability::Memory {
            return Ok(Self::memory(clock, rng));
        }
        let folder = Folder::open(&dir)?;
        folder.forget_temporaries()?;
        let backend = Fjall::open(&folder.keys_dir()).map_err(|source| folder.unusable("its keys", source))?;
        Ok(Self::over(Arc::new(backend), durability, folder, clock, rng, Arc::new(end_process)))
    }

    /// Builds a store over an engine of the caller's choice: for tests of the engine, and with faults.
    pub fn over(
        backend: Arc<dyn Backend>,
        durability: Durability,
        folder: Folder,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
        on_fatal: OnFatal,
    ) -> Self {
        let (visible, syncs, parts) = Self::reading(backend.clone(), durability, clock.clone(), on_fatal);
        let (sender, queue) = channel();
        let releaser = Releaser::start(parts).expect("a process at its start can make a thread");
        let seat = Seat::new(Committer::new(backend, releaser));
        let thread_seat = seat.clone();
        let thread = std::thread::Builder::new()
            .name("committer".to_owned())
            .spawn(move || thread_seat.run(&queue))
            .expect("a process at its start can make a thread");
        Self::of(Inner {
            visible,
            queue: Mutex::new(Some(sender)),
            places: Arc::new(Semaphore::new(QUEUED_COMMANDS_MAX)),
            committer: Mutex::new(Some(thread)),
            seat: Some(seat),
            submitted: None,
            syncs,
            blobs: Blobs::new(folder.blobs_dir(), durability != Durability::Memory),
            secrets: Mutex::default(),
            clock,
            rng,
            folder,
        })
    }

    /// Builds a durable store without threads: its work is the second part, for a simulation to run as a task.
    pub fn stepped(
        backend: Arc<dyn Backend>,
        folder: Folder,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
        on_fatal: OnFatal,
        pace: Pace,
    ) -> (Self, Steps) {
        // As the engine on disk does it when it is opened.
        if let Err(error) = backend.sync() {
            on_fatal(&format!("what was found could not be synced ({error})"));
        }
        let (visible, syncs, parts) = Self::reading(backend.clone(), Durability::Durable, clock.clone(), on_fatal);
        let (sender, queue) = channel();
        let (releaser, releasing) = Releaser::parts(parts);
        let submitted = Arc::new(Notify::new());
        let committer = Committer::new(backend, releaser);
        let steps = Steps { committer, queue, releasing, submitted: submitted.clone(), clock: clock.clone(), pace };
        let store = Self::of(Inner {
            visible,
            queue: Mutex::new(Some(sender)),
            places: Arc::new(Semaphore::new(QUEUED_COMMANDS_MAX)),
            committer: Mutex::default(),
            seat: None,
            submitted: Some(submitted),
            syncs,
            blobs: Blobs::in_place(folder.blobs_dir()),
            secrets: Mutex::default(),
            clock,
            rng,
            folder,
        });
        (store, steps)
    }

    fn of(inner: Inner) -> Self {
        Self { inner: Arc::new(inner) }
    }

    fn reading(
        backend: Arc<dyn Backend>,
        durability: Durability,
        clock: Arc<dyn Clock>,
        on_fatal: OnFatal,
    ) -> (Visible, Arc<AtomicU64>, releaser::Parts) {
        let syncs = Arc::new(AtomicU64::new(0));
        let visible: Visible = Arc::new(RwLock::new(View::new(backend.snapshot())));
        let (view, counted) = (visible.clone(), syncs.clone());
        let parts = releaser::Parts { backend, durability, clock, visible: view, syncs: counted, on_fatal };
        (visible, syncs, parts)
    }

    /// Reads one value. It shows nothing that a power cut could still take back, save what was released early.
    pub fn get(&self, key: &Key) -> Result<Option<Bytes>, StoreError> {
        self.view().get(key)
    }

    pub fn get_record<R: Record>(&self, key: &Key) -> Result<Option<R>, StoreError> {
        read_record(key, self.get(key)?)
    }

    /// Up to `limit` entries of the range as of one moment, from the end that `direction` starts at.
    pub fn scan(&self, range: &KeyRange, limit: usize, direction: Direction) -> Result<Vec<(Key, Bytes)>, StoreError> {
        self.view().scan(range, limit, direction)
    }

    pub fn scan_records<R: Record>(
        &self,
        range: &KeyRange,
        limit: usize,
        direction: Direction,
    ) -> Result<Vec<(Key, R)>, StoreError> {
        read_records(self.scan(range, limit, direction)?)
    }

    /// Every account and region of which something of `service` is kept, in the order of keys. It takes two reads a place,
    /// however much each holds.
    pub fn places(&self, service: &str) -> Result<Vec<(AccountId, Region)>, StoreError> {
        let (view, mut rest, mut places) = (self.view(), KeyRange::everything(), Vec::new());
        while let Some((key, _)) = view.scan(&rest, 1, Direction::Forward)?.pop() {
            let parts = key.parts().unwrap_or_default();
            let [Some(account), Some(region)] = [0, 1].map(|at| parts.get(at).and_then(Part::text)) else {
                rest = rest.continued_after(&key);
                continue;
            };
            let place = Key::from_bytes(Vec::new()).part(account).part(region);
            rest = rest.after_prefix(&place);
            let of_service = KeyRange::prefix(&place.part(service));
            if let Ok(account) = AccountId::parse(account)
                && !view.scan(&of_service, 1, Direction::Forward)?.is_empty()
            {
                places.push((account, Region::new(region)));
            }
        }
        Ok(places)
    }

    /// Runs `body` after every transaction before it and before every one after it, and answers when its changes are
    /// durable, or when its release point is reached if it asked for an earlier one (see [`Txn::release`]).
    ///
    /// `body` runs on the thread that commits: it must not block, wait or compute for long. Its error takes back its
    /// changes. A caller that goes away does not stop it.
    pub async fn transact<T, E, F>(&self, body: F) -> Result<T, E>
    where
        F: FnOnce(&mut Txn) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let command: Command = Box::new(move |txn| {
            let outcome = body(txn);
            Done {
                kept: outcome.is_ok(),
                at_once: false,
                answer: Box::new(move |committed| {
                    // The caller may have gone; its change stays.
                    let _ = reply.send(committed.map_err(E::from).and(outcome));
                }),
            }
        });
        self.submit(command).await?;
        answer.await.unwrap_or_else(|_| Err(StoreError::Abandoned.into()))
    }

    /// Large values, kept as files.
    pub fn blobs(&self) -> &Blobs {
        &self.inner.blobs
    }

    /// Deletes every key of every account, and no secret. Whoever keeps state in memory must be gone before.
    pub async fn clear(&self) -> Result<(), StoreError> {
        let everything = KeyRange::everything();
        loop {
            let range = everything.clone();
            let left = self.transact(move |txn| {
                let page = txn.scan(&range, CLEARED_AT_ONCE, Direction::Forward)?;
                let count = page.len();
                page.into_iter().for_each(|(key, _)| txn.delete(key));
                Ok::<_, StoreError>(count)
            });
            if left.await? < CLEARED_AT_ONCE {
                return Ok(());
            }
        }
    }

    /// A secret of this data folder, made at first use and the same ever after: the key of page tokens, say.
    /// Shape: `name` is lower-case letters and hyphens.
    pub fn secret(&self, name: &str) -> Result<[u8; 32], StoreError> {
        let mut secrets = self.inner.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(secret) = secrets.get(name) {
            return Ok(*secret);
        }
        let secret = self.inner.folder.secret(name, &*self.inner.rng)?;
        secrets.insert(name.to_owned(), secret);
        Ok(secret)
    }

    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    /// Takes no further writes, finishes those that were taken, and syncs. Afterwards writes answer `Ended`; the folder
    /// is free for another process once the last clone is gone.
    pub async fn close(&self) {
        let inner = self.inner.clone();
        // A task that is cancelled has nothing to say to us: the thread ends all the same.
        let _ = tokio::task::spawn_blocking(move || inner.finish()).await;
    }

    /// Callers that were taken and not answered yet.
    pub fn waiting(&self) -> usize {
        QUEUED_COMMANDS_MAX - self.inner.places.available_permits()
    }

    /// Syncs of the journal since the store was opened: the price that the callers of a group share.
    pub fn syncs(&self) -> u64 {
        self.inner.syncs.load(Ordering::Relaxed)
    }

    pub(crate) async fn submit(&self, command: Command) -> Result<(), StoreError> {
        let place = self.inner.places.clone().acquire_owned().await.map_err(|_| StoreError::Ended)?;
        let mut queued = Queued { command, _place: place };
        if let Some(seat) = self.inner.seat.as_ref().filter(|_| self.waiting() == 1) {
            match seat.serve_alone(queued) {
                Ok(()) => return Ok(()),
                Err(given_back) => queued = given_back,
            }
        }
        let queue = self.inner.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = queue.as_ref().ok_or(StoreError::Ended)?;
        sender.send(queued).map_err(|_| StoreError::Ended)?;
        if let Some(submitted) = &self.inner.submitted {
            submitted.notify_one();
        }
        Ok(())
    }

    fn view(&self) -> View {
        self.inner.visible.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Inner {
    fn finish(&self) {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let committer = self.committer.lock().unwrap_or_else(PoisonError::into_inner).take();
        // The last clone can go inside a transaction; a thread cannot wait for itself.
        if let Some(thread) = committer.filter(|thread| thread.thread().id() != std::thread::current().id()) {
            let _ = thread.join();
        }
        self.folder.leave();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.finish();
    }
}
