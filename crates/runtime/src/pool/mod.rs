//! Which environment answers an invocation, and how long environments live.

mod keeper;
mod schedule;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use kernel::{BoxFuture, Clock, Rng, Timestamp};
use std::collections::BTreeMap;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};

use crate::contract::{
    CredentialSource, Doorways, Engine, EnvironmentError, FunctionSpec, Initialization, Invocation, InvocationError,
    KeepFailure, Kept, LogSink, Outcome,
};
use crate::environment::{Delivery, Environment, Home, Platform};
use crate::isolation::IsolationLevel;
use crate::limits::{
    CREDENTIALS_MARGIN, HAND_OVER_ATTEMPTS_MAX, IDLE_MAX, KEEP_ALIVE, RENEWAL_MARGIN, SHUTDOWN_MAX, START_HOLD_MAX,
    STARTS_PER_CORE,
};
use crate::meter::Billing;
use crate::runtimes::{Launch, Readiness, Runtimes, ended};
use crate::sandbox::{Etc, FunctionNetwork};
use crate::trust;
use keeper::Keeper;
use schedule::Schedule;

/// What the pool is made of.
pub struct PoolOptions {
    /// Where `install` has put the runtime clients.
    pub runtimes_dir: PathBuf,
    /// Where environments have their own folders (/tmp). Belongs to this pool alone: emptied at start.
    pub scratch_dir: PathBuf,
    pub clock: Arc<dyn Clock>,
    pub rng: Arc<dyn Rng>,
    pub logs: Arc<dyn LogSink>,
    pub credentials: Arc<dyn CredentialSource>,
    pub doorways: Arc<dyn Doorways>,
    pub billing: Billing,
    /// How long an idle environment is kept; `None` is [`KEEP_ALIVE`].
    pub keep_alive: Option<Duration>,
    /// The server's own PATH: where `node` and `python3.x` are looked for.
    pub search_path: String,
    /// A program whose `main` first calls `stand_guard_if_asked`: `/proc/self/exe` when the server's own does.
    pub warden: PathBuf,
    /// Whether functions get the variables by which code written for LocalStack finds it.
    pub localstack_variables: bool,
    /// Whether functions have a world of their own: only what `probe_isolation` has found to be possible. In `Plain`
    /// the variables read the same, but paths are the real ones.
    pub isolation: IsolationLevel,
    pub network: FunctionNetwork,
    /// The server's own ports and names: URLs that were handed out with them have to mean the same inside.
    pub own_ports: Vec<u16>,
    pub own_names: Vec<String>,
}

/// Runs functions in processes of this machine. Dropping it ends them all.
pub struct Pool {
    inner: Arc<Inner>,
    stop: watch::Sender<bool>,
    /// How many environments there are; each task holds one clone.
    alive: watch::Sender<()>,
}

struct Inner {
    platform: Arc<Platform>,
    schedule: Mutex<Schedule<mpsc::Sender<Delivery>>>,
    /// What is kept, by the function's version.
    keepers: Mutex<BTreeMap<String, Arc<Keeper>>>,
    /// An environment has become idle or has ended: whoever waits for a start may not need one any more.
    released: Notify,
    /// Starts that may be under way at once: more would only make all of them slow.
    starts: Arc<Semaphore>,
}

impl Inner {
    fn schedule(&self) -> MutexGuard<'_, Schedule<mpsc::Sender<Delivery>>> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn launch(self: &Arc<Self>, runtime: &str) -> Result<Arc<Launch>, EnvironmentError> {
        if let Some(launch) = self.platform.runtimes.known(runtime) {
            return Ok(launch);
        }
        let (inner, name) = (self.clone(), runtime.to_owned());
        let found = tokio::task::spawn_blocking(move || inner.platform.runtimes.launch(&name)).await;
        let found = found.unwrap_or_else(|error| Err(error.to_string()));
        found.map_err(|reason| EnvironmentError::RuntimeUnavailable { runtime: runtime.to_owned(), reason })
    }

    /// Starts an environment; one that has a keeper is initialised before anything calls it.
    fn start(
        self: &Arc<Self>,
        spec: &Arc<FunctionSpec>,
        launch: Arc<Launch>,
        permit: OwnedSemaphorePermit,
        life: Life,
        keeper: Option<Arc<Keeper>>,
    ) -> mpsc::Sender<Delivery> {
        // One event at a time: the sender is only used by whoever took the environment from the schedule.
        let (sender, deliveries) = mpsc::channel(1);
        let (id, initialization) = match keeper {
            None => {
                (self.schedule().add(&spec.function_arn, &spec.generation, sender.clone()), Initialization::OnDemand)
            }
            Some(_) => {
                let id = self.schedule().add_kept(&spec.function_arn, &spec.generation, sender.clone());
                (id, Initialization::Provisioned)
            }
        };
        let start: StartPermit = Arc::new(Mutex::new(Some(permit)));
        let place = Place { pool: Arc::downgrade(self), id, start: start.clone(), keeper };
        // A function that is slow to start must not keep others from starting.
        let held = self.platform.clock.pause(START_HOLD_MAX);
        tokio::spawn(async move {
            held.await;
            give_back(&start);
        });
        let (platform, spec) = (self.platform.clone(), spec.clone());
        let environment = Environment::new(platform, spec, launch, place, initialization, life.stop);
        tokio::spawn(async move {
            environment.run(deliveries).await;
            drop(life.alive);
        });
        sender
    }
}

/// What ends environments, and what waits for their end.
#[derive(Clone)]
struct Life {
    stop: watch::Receiver<bool>,
    alive: watch::Receiver<()>,
}

/// Held by an environment while it starts.
type StartPermit = Arc<Mutex<Option<OwnedSemaphorePermit>>>;

fn give_back(permit: &StartPermit) {
    permit.lock().unwrap_or_else(PoisonError::into_inner).take();
}

/// An environment's place in the schedule.
struct Place {
    pool: Weak<Inner>,
    id: u64,
    start: StartPermit,
    /// Whose it is, where it is kept.
    keeper: Option<Arc<Keeper>>,
}

impl Place {
    fn with<T>(&self, f: impl FnOnce(&mut Schedule<mpsc::Sender<Delivery>>, u64) -> T) -> Option<T> {
        self.pool.upgrade().map(|pool| f(&mut pool.schedule(), self.id))
    }

    /// Tells whoever waits that there is room for them.
    fn make_room(&self) {
        give_back(&self.start);
        if let Some(pool) = self.pool.upgrade() {
            pool.released.notify_waiters();
            if let Some(keeper) = &self.keeper {
                keeper.look(&pool);
            }
        }
    }
}

impl Home for Place {
    fn release(&self) -> bool {
        let kept = self.with(Schedule::release).unwrap_or(false);
        self.make_room();
        kept
    }

    fn not_ready(&self, failure: KeepFailure) {
        if let Some(keeper) = &self.keeper {
            keeper.fail(failure);
        }
    }

    fn leave_if_idle(&self) -> bool {
        let Some(pool) = self.pool.upgrade() else { return true };
        let renew_before = pool.platform.clock.now() + pool.platform.keep_alive + RENEWAL_MARGIN;
        pool.schedule().remove_if_idle(self.id, renew_before)
    }

    fn leave(&self) {
        self.with(Schedule::remove);
        self.make_room();
    }

    fn usable_until(&self, at: Timestamp) {
        self.with(|schedule, id| schedule.usable_until(id, at));
    }
}

impl Pool {
    /// Empties the scratch folder; starts no process yet.
    pub fn new(options: PoolOptions) -> Arc<Self> {
        // What a killed server left there. A folder that cannot be made is told by the first start.
        let _ = std::fs::remove_dir_all(&options.scratch_dir);
        let scratch_dir = absolute(options.scratch_dir);
        let etc = Etc::new(scratch_dir.join("etc"), options.network);
        let platform = Platform {
            runtimes: Arc::new(Runtimes::new(absolute(options.runtimes_dir), options.search_path)),
            fetching: Arc::default(),
            scratch_dir,
            warden: options.warden,
            localstack_variables: options.localstack_variables,
            openssl_roots: trust::has_hashed_roots(Path::new(trust::OPENSSL)),
            isolation: options.isolation,
            network: options.network,
            own_ports: options.own_ports,
            own_names: options.own_names.into(),
            etc,
            clock: options.clock,
            rng: options.rng,
            logs: options.logs,
            credentials: options.credentials,
            doorways: options.doorways,
            billing: options.billing,
            keep_alive: options.keep_alive.unwrap_or(KEEP_ALIVE),
        };
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let inner = Inner {
            platform: Arc::new(platform),
            schedule: Mutex::new(Schedule::new(IDLE_MAX)),
            keepers: Mutex::default(),
            released: Notify::new(),
            starts: Arc::new(Semaphore::new(cores * STARTS_PER_CORE)),
        };
        Arc::new(Self { inner: Arc::new(inner), stop: watch::Sender::new(false), alive: watch::Sender::new(()) })
    }

    fn life(&self) -> Life {
        Life { stop: self.stop.subscribe(), alive: self.alive.subscribe() }
    }

    /// Execution environments that are alive, idle ones included.
    pub fn environments(&self) -> usize {
        self.inner.schedule().len()
    }

    async fn run(&self, spec: Arc<FunctionSpec>, mut invocation: Invocation) -> Result<Outcome, EnvironmentError> {
        for _ in 0..HAND_OVER_ATTEMPTS_MAX {
            if *self.stop.borrow() {
                return Err(EnvironmentError::Stopping);
            }
            let (reply, answer) = oneshot::channel();
            let delivery = Delivery { invocation, reply };
            let environment = match self.idle(&spec) {
                Some(environment) => environment,
                None => self.idle_or_started(&spec).await?,
            };
            let handed_over = environment.try_send(delivery);
            invocation = match handed_over {
                Ok(()) => match answer.await {
                    Ok(Ok(outcome)) => return Ok(outcome),
                    // It ended before it could begin: another one takes the event.
                    Ok(Err(unused)) => unused,
                    Err(_) => return Err(EnvironmentError::Start("the environment ended unexpectedly".to_owned())),
                },
                Err(refused) => refused.into_inner().invocation,
            };
        }
        Err(EnvironmentError::Start("environments end as soon as they are started".to_owned()))
    }

    fn idle(&self, spec: &FunctionSpec) -> Option<mpsc::Sender<Delivery>> {
        let needed_until = self.inner.platform.clock.now() + spec.timeout + CREDENTIALS_MARGIN;
        self.inner.schedule().take(&spec.function_arn, &spec.generation, needed_until)
    }

    /// An environment that becomes idle while others start, or a new one when there is room for another start.
    async fn idle_or_started(&self, spec: &Arc<FunctionSpec>) -> Result<mpsc::Sender<Delivery>, EnvironmentError> {
        let launch = self.inner.launch(&spec.runtime).await?;
        let mut stop = self.stop.subscribe();
        loop {
            let released = self.inner.released.notified();
            if let Some(environment) = self.idle(spec) {
                return Ok(environment);
            }
            tokio::select! {
                permit = self.inner.starts.clone().acquire_owned() => {
                    let permit = permit.map_err(|_| EnvironmentError::Stopping)?;
                    return Ok(self.idle(spec).unwrap_or_else(|| self.inner.start(spec, launch, permit, self.life(), None)));
                }
                () = released => {}
                _ = stop.wait_for(|stop| *stop) => return Err(EnvironmentError::Stopping),
            }
        }
    }
}

/// Wardens work in the root folder, where a relative path would mean something else.
fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

impl Engine for Pool {
    fn invoke(&self, spec: Arc<FunctionSpec>, invocation: Invocation) -> BoxFuture<'_, Outcome> {
        Box::pin(async move {
            self.run(spec, invocation).await.unwrap_or_else(|error| Outcome {
                result: Err(InvocationError::Environment(error)),
                log_tail: None,
                report: None,
            })
        })
    }

    fn retire(&self, function_arn: &str, keep: Option<&str>) {
        self.inner.schedule().retire(function_arn, keep);
    }

    fn keep(&self, spec: Arc<FunctionSpec>, count: u32) -> watch::Receiver<Kept> {
        keeper::keep(&self.inner, spec, count, self.life())
    }

    fn let_go(&self, function_arn: &str) {
        keeper::let_go(&self.inner, function_arn);
    }

    fn prepare(&self, runtime: &str) -> BoxFuture<'_, Result<(), String>> {
        let platform = &self.inner.platform;
        match platform.fetching.begin(&platform.runtimes, runtime) {
            Ok(None) => Box::pin(std::future::ready(Ok(()))),
            Ok(Some(attempt)) => Box::pin(ended(attempt)),
            Err(reason) => Box::pin(std::future::ready(Err(reason))),
        }
    }

    fn readiness(&self, runtime: &str) -> Readiness {
        self.inner.platform.fetching.readiness(runtime)
    }

    fn shutdown(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            self.stop.send_replace(true);
            self.inner.schedule().clear();
            let clock = self.inner.platform.clock.clone();
            if clock.timeout(SHUTDOWN_MAX, self.alive.closed()).await.is_err() {
                tracing::error!("functions did not end in time");
            }
        })
    }
}
