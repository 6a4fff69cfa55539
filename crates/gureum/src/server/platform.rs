//! The services and what runs them, plugged together. A reset makes a new one over an empty store.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use auth::access::{Key, Keys, ServicePrincipals};
use kernel::{BoxFuture, Clock, Cx, PageTokens, Rng};
use runtime::{Engine, FunctionNetwork, IsolationLevel, LogSink, Pool, PoolOptions};
use service_iam::{Directory, Iam, Sts};
use store::Store;
use telemetry::FactStore;
use tokio::task::JoinSet;
use wire::{Answer, ApiError, Doc, Model, OperationId, Service};

use super::doorways::SandboxDoors;
use super::failures::{Failures, Witnessed};

/// How long a stop waits for functions' last log lines.
const FLUSH_MAX: Duration = Duration::from_millis(500);

/// What every platform of a server is made of.
pub struct Ingredients {
    pub store: Store,
    pub access: kernel::Access,
    pub clock: Arc<dyn Clock>,
    pub rng: Arc<dyn Rng>,
    pub doors: Arc<SandboxDoors>,
    /// Where clients reach this server.
    pub base_url: String,
    pub public_hosts: kernel::PublicHosts,
    /// Unpacked code and the environments' own folders.
    pub scratch: PathBuf,
    pub runtimes: PathBuf,
    pub search_path: String,
    pub account_concurrency: u32,
    /// How long an idle execution environment is kept, where it was said.
    pub keep_alive: Option<Duration>,
    pub localstack_variables: bool,
    pub queue_pauses: service_sqs::Pauses,
    pub durable: bool,
    /// What has gone wrong since the start; a reset forgets nothing of it.
    pub failures: Arc<Failures>,
    pub isolation: IsolationLevel,
    pub network: FunctionNetwork,
    pub own_ports: Vec<u16>,
    pub own_names: Vec<String>,
}

#[derive(Clone, Default)]
struct Clients {
    iam: api_iam::Client,
    sts: api_sts::Client,
    lambda: api_lambda::Client,
    logs: api_logs::Client,
    sqs: api_sqs::Client,
    event_sources: api_lambda::Client,
}

/// One set of services over one store.
pub struct Platform {
    pub directory: Arc<Directory>,
    pub lambda: service_lambda::LambdaService,
    pub sqs: Arc<service_sqs::Service>,
    pub engine: Arc<Pool>,
    pub facts: Arc<FactStore>,
    pub cloudwatch: Arc<service_cloudwatch::Service>,
    function_logs: Arc<dyn LogSink>,
    clock: Arc<dyn Clock>,
    /// In the order of [`Current::services`].
    services: Vec<Arc<dyn Service>>,
    /// Services hold each other through these.
    clients: Clients,
    tasks: JoinSet<()>,
}

impl Platform {
    /// Every client is made first and bound when its service exists, because services call each other in cycles.
    pub fn new(ingredients: &Ingredients) -> anyhow::Result<Self> {
        let Ingredients { store, clock, rng, .. } = ingredients;
        let clients = Clients::default();

        let directory = service_iam::Directory::new(store.clone(), clock.clone(), rng.clone())?;
        let principals = Arc::new(ServicePrincipals::new(ingredients.access, directory.clone(), rng.clone()));
        let (iam, sts) = (Arc::new(Iam::new(directory.clone())), Arc::new(Sts::new(directory.clone())));
        clients.iam.bind(iam.clone());
        clients.sts.bind(sts.clone());

        let cloudwatch = Arc::new(service_cloudwatch::Service::new(service_cloudwatch::Needs {
            store: store.clone(),
            clock: clock.clone(),
            page_tokens: PageTokens::new(store.secret("page-tokens")?),
            principals: principals.clone(),
            lambda: clients.lambda.clone(),
        }));
        let record = FactStore::new(store.clone(), clock.clone());
        let facts: Arc<dyn telemetry::Facts> = record.clone();

        let logs = Arc::new(service_logs::Service::new(service_logs::Needs {
            store: store.clone(),
            clock: clock.clone(),
            rng: rng.clone(),
            page_tokens: PageTokens::new(store.secret("page-tokens")?),
            principals: principals.clone(),
            lambda: clients.lambda.clone(),
        }));
        clients.logs.bind(logs.clone());

        let sqs = Arc::new(service_sqs::Service::new(service_sqs::Needs {
            store: store.clone(),
            clock: clock.clone(),
            rng: rng.clone(),
            page_tokens: PageTokens::new(store.secret("page-tokens")?),
            meter: cloudwatch.clone(),
            facts: facts.clone(),
            pauses: ingredients.queue_pauses,
        }));
        clients.sqs.bind(sqs.clone());

        let function_logs = Arc::new(service_lambda::LogsSink::new(clients.logs.clone(), principals.clone()));
        let engine = Pool::new(PoolOptions {
            runtimes_dir: ingredients.runtimes.clone(),
            scratch_dir: ingredients.scratch.join("environments"),
            clock: clock.clone(),
            rng: rng.clone(),
            logs: function_logs.clone(),
            credentials: Arc::new(service_lambda::RoleCredentials::new(clients.sts.clone(), principals.clone())),
            doorways: ingredients.doors.clone(),
            billing: runtime::Billing::Current,
            keep_alive: ingredients.keep_alive,
            search_path: ingredients.search_path.clone(),
            localstack_variables: ingredients.localstack_variables,
            warden: PathBuf::from(super::WARDEN),
            isolation: ingredients.isolation,
            network: ingredients.network,
            own_ports: ingredients.own_ports.clone(),
            own_names: ingredients.own_names.clone(),
        });
        let lambda = service_lambda::LambdaService::open(service_lambda::Parts {
            store: store.clone(),
            engine: Arc::new(Witnessed {
                engine: engine.clone(),
                failures: ingredients.failures.clone(),
                facts: facts.clone(),
                clock: clock.clone(),
            }),
            logs: function_logs.clone(),
            clock: clock.clone(),
            rng: rng.clone(),
            principals: principals.clone(),
            iam: clients.iam.clone(),
            sqs: clients.sqs.clone(),
            event_sources: clients.event_sources.clone(),
            meter: cloudwatch.clone(),
            facts: facts.clone(),
            settings: service_lambda::Settings {
                durable: ingredients.durable,
                concurrency_limit: ingredients.account_concurrency,
                public_hosts: ingredients.public_hosts.clone(),
                ..service_lambda::Settings::new(ingredients.scratch.join("code"), &ingredients.base_url)
            },
        })?;
        let lambda_service = Arc::new(lambda.clone());
        clients.lambda.bind(lambda_service.clone());

        let event_sources = Arc::new(service_event_sources::Service::new(service_event_sources::Needs {
            store: store.clone(),
            clock: clock.clone(),
            rng: rng.clone(),
            page_tokens: PageTokens::new(store.secret("page-tokens")?),
            principals,
            iam: clients.iam.clone(),
            lambda: clients.lambda.clone(),
            sqs: clients.sqs.clone(),
            meter: cloudwatch.clone(),
            facts,
        }));
        clients.event_sources.bind(event_sources.clone());

        let services: Vec<Arc<dyn Service>> = vec![
            Arc::new(api_iam::Server(iam)),
            Arc::new(api_sts::Server(sts)),
            Arc::new(api_logs::Server(logs.clone())),
            Arc::new(api_lambda::Server(lambda_service)),
            Arc::new(api_sqs::Server(sqs.clone())),
            Arc::new(api_cloudwatch::Server(cloudwatch.clone())),
        ];
        let mut tasks = JoinSet::new();
        for (_, task) in logs.tasks().into_iter().chain(sqs.tasks()).chain(cloudwatch.tasks()) {
            tasks.spawn(task);
        }
        for (_, task) in record.tasks() {
            tasks.spawn(task);
        }
        for (_, task) in event_sources.tasks() {
            let doors = ingredients.doors.clone();
            tasks.spawn(async move {
                // Messages that have waited through a restart start functions at once.
                doors.bound().await;
                task.await;
            });
        }
        let (running, doors) = (lambda.clone(), ingredients.doors.clone());
        tasks.spawn(async move {
            // Events that have waited through a restart start functions at once.
            doors.bound().await;
            running.run().await;
        });
        let (owner, blobs) = (lambda.clone(), store.blobs().clone());
        tasks.spawn(async move {
            // What a kill has left between a zip and its record. A sweep that fails is made up for at the next start.
            if let Err(error) = blobs.sweep(move |id| owner.uses_blob(id)).await {
                tracing::info!(%error, "stored packages could not be swept");
            }
        });
        Ok(Self {
            directory,
            lambda,
            engine,
            facts: record,
            cloudwatch,
            sqs,
            function_logs,
            clock: clock.clone(),
            services,
            clients,
            tasks,
        })
    }

    /// Ends every execution environment, and keeps what functions and services have said and counted until then.
    pub async fn stop(&self) {
        self.engine.shutdown().await;
        self.lambda.flush_metrics();
        self.facts.flush().await;
        if self.clock.timeout(FLUSH_MAX, self.function_logs.flush()).await.is_err() {
            tracing::warn!("the last log lines of functions could not be kept in time");
        }
        self.sqs.flush_metrics();
        self.cloudwatch.flush().await;
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        self.tasks.abort_all();
        let Clients { iam, sts, lambda, logs, sqs, event_sources } = &self.clients;
        iam.unbind();
        sts.unbind();
        lambda.unbind();
        logs.unbind();
        sqs.unbind();
        event_sources.unbind();
    }
}

/// The platform of the moment: what the edge, the gate and our own paths hold.
pub struct Current {
    platform: RwLock<Arc<Platform>>,
    /// Which services were called since the start, in the order of [`Current::services`].
    used: Vec<AtomicBool>,
}

impl Current {
    pub fn new(platform: Platform) -> Arc<Self> {
        let used = platform.services.iter().map(|_| AtomicBool::new(false)).collect();
        Arc::new(Self { platform: RwLock::new(Arc::new(platform)), used })
    }

    pub fn get(&self) -> Arc<Platform> {
        self.platform.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn replace(&self, platform: Platform) -> Arc<Platform> {
        let mut place = self.platform.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut place, Arc::new(platform))
    }

    /// The services by name, and whether each was called since the start.
    pub fn services_used(&self) -> impl Iterator<Item = (&'static str, bool)> {
        let platform = self.get();
        let mut named: Vec<_> = platform
            .services
            .iter()
            .map(|service| service.model().endpoint.service)
            .zip(&self.used)
            .map(|(name, used)| (name, used.load(Ordering::Relaxed)))
            .collect();
        named.sort_unstable();
        named.into_iter()
    }

    /// A door to each service, whichever platform is there when it is called.
    pub fn services(self: &Arc<Self>) -> Vec<Arc<dyn Service>> {
        (0..self.get().services.len())
            .map(|index| Arc::new(CurrentService { current: self.clone(), index }) as Arc<dyn Service>)
            .collect()
    }
}

struct CurrentService {
    current: Arc<Current>,
    index: usize,
}

impl Service for CurrentService {
    fn model(&self) -> &'static Model {
        self.current.get().services[self.index].model()
    }

    fn call<'a>(&'a self, operation: OperationId, cx: &'a Cx, input: Doc) -> BoxFuture<'a, Result<Answer, ApiError>> {
        self.current.used[self.index].store(true, Ordering::Relaxed);
        let service = self.current.get().services[self.index].clone();
        Box::pin(async move { service.call(operation, cx, input).await })
    }
}

impl Keys for Current {
    fn lookup(&self, access_key_id: &str) -> Option<Key> {
        self.get().directory.lookup(access_key_id)
    }
}
