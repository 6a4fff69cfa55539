use std::sync::{Arc, Weak};

use api_lambda::Lambda;
use api_lambda::types::*;
use auth::access::ServicePrincipals;
use bytes::Bytes;
use kernel::{Access, AccountId, Caller, Clock, Cx, PageTokens, Region, Rng, id};
use service_iam::{Directory, Iam};
use service_lambda::LambdaService;
use store::{BlobId, Folder, Store};
use telemetry::{FactStore, Facts};
use tokio::sync::Notify;
use wire::ApiError;

use crate::clock::SimClock;
use crate::functions::{NoLogs, Play, Stage};
use crate::trace::Trace;
use crate::world::{ACCOUNT, World};

/// What stands for every function's code.
const PACKAGE: &[u8] = b"played, not run";

/// The services of one life of the process.
pub struct Platform {
    pub sqs: Arc<service_sqs::Service>,
    pub lambda: LambdaService,
    pub cloudwatch: Arc<service_cloudwatch::Service>,
    pub store: Store,
    pub clock: SimClock,
    pub trace: Trace,
    rng: Arc<dyn Rng>,
    ended: Arc<Notify>,
    _mappings: Arc<service_event_sources::Service>,
}

/// Lambda and its mappings hold each other. Here one of them lets go, so that nothing of a life outlives it.
struct Mappings(Weak<service_event_sources::Service>);

macro_rules! door {
    ($($operation:ident: $input:ty => $output:ty;)*) => {
        impl Lambda for Mappings {
            $(async fn $operation(&self, cx: &Cx, input: $input) -> Result<$output, ApiError> {
                let service = self.0.upgrade().ok_or_else(|| ApiError::internal("this life is over"))?;
                Lambda::$operation(&*service, cx, input).await
            })*
        }
    };
}

door! {
    create_event_source_mapping: CreateEventSourceMappingRequest => EventSourceMappingConfiguration;
    get_event_source_mapping: GetEventSourceMappingRequest => EventSourceMappingConfiguration;
    update_event_source_mapping: UpdateEventSourceMappingRequest => EventSourceMappingConfiguration;
    delete_event_source_mapping: DeleteEventSourceMappingRequest => EventSourceMappingConfiguration;
    list_event_source_mappings: ListEventSourceMappingsRequest => ListEventSourceMappingsResponse;
}

impl Platform {
    /// Starts everything; called within the life's runtime.
    pub(crate) fn start(world: &World, play: Arc<dyn Play>) -> Arc<Self> {
        let (clock, rng): (Arc<dyn Clock>, Arc<dyn Rng>) = (Arc::new(world.clock.clone()), world.rng.clone());
        let (store, ended) = start_store(world, &clock, &rng);
        let page_tokens = || PageTokens::new([7; 32]);
        let (iam_client, sqs_client) = (api_iam::Client::default(), api_sqs::Client::default());
        let (lambda_client, event_sources_client) = (api_lambda::Client::default(), api_lambda::Client::default());

        let directory = Directory::new(store.clone(), clock.clone(), rng.clone()).expect("a secret can be made");
        let principals = Arc::new(ServicePrincipals::new(Access::Open, directory.clone(), rng.clone()));
        iam_client.bind(Arc::new(Iam::new(directory)));

        let meter = Arc::new(service_cloudwatch::Service::new(service_cloudwatch::Needs {
            store: store.clone(),
            clock: clock.clone(),
            page_tokens: page_tokens(),
            principals: principals.clone(),
            // No history makes alarms; bound, it would hold the functions that hold the meter.
            lambda: api_lambda::Client::default(),
        }));
        let record = FactStore::new(store.clone(), clock.clone());
        let facts: Arc<dyn Facts> = record.clone();
        let sqs = Arc::new(service_sqs::Service::new(service_sqs::Needs {
            store: store.clone(),
            clock: clock.clone(),
            rng: rng.clone(),
            page_tokens: page_tokens(),
            meter: meter.clone(),
            facts: facts.clone(),
            pauses: service_sqs::Pauses::default(),
        }));
        sqs_client.bind(sqs.clone());

        let code_dir = world.folder.path().join("code");
        let lambda = LambdaService::open(service_lambda::Parts {
            store: store.clone(),
            engine: Arc::new(Stage { play, clock: world.clock.clone() }),
            logs: Arc::new(NoLogs),
            clock: clock.clone(),
            rng: rng.clone(),
            principals: principals.clone(),
            iam: iam_client.clone(),
            sqs: sqs_client.clone(),
            event_sources: event_sources_client.clone(),
            meter: meter.clone(),
            facts: facts.clone(),
            settings: service_lambda::Settings {
                durable: false,
                concurrency_limit: world.concurrency,
                ..service_lambda::Settings::new(code_dir, "http://localhost:4566")
            },
        })
        .expect("what was there can be read");
        // Unpacked, as far as anybody can see. A start sets aside what no function uses yet.
        let unpacked = world.folder.path().join("code").join(BlobId::of(PACKAGE).as_str());
        std::fs::create_dir_all(unpacked).expect("the world's folder can be written");
        lambda_client.bind(Arc::new(lambda.clone()));

        let event_sources = Arc::new(service_event_sources::Service::new(service_event_sources::Needs {
            store: store.clone(),
            clock: clock.clone(),
            rng: rng.clone(),
            page_tokens: page_tokens(),
            principals,
            iam: iam_client,
            lambda: lambda_client,
            sqs: sqs_client,
            meter: meter.clone(),
            facts,
        }));
        event_sources_client.bind(Arc::new(Mappings(Arc::downgrade(&event_sources))));

        for (_, task) in sqs.tasks().into_iter().chain(meter.tasks()).chain(record.tasks()).chain(event_sources.tasks())
        {
            tokio::spawn(task);
        }
        let running = lambda.clone();
        tokio::spawn(async move { running.run().await });
        let (clock, trace) = (world.clock.clone(), world.trace.clone());
        Arc::new(Self { sqs, lambda, cloudwatch: meter, store, clock, trace, rng, ended, _mappings: event_sources })
    }

    /// A call by the account's root.
    pub fn cx(&self) -> Cx {
        let account = AccountId::parse(ACCOUNT).expect("twelve digits");
        let caller = Caller::root(&account);
        Cx::new(&id::uuid(self.rng.as_ref()), account, Region::default(), caller, Access::Open)
    }

    /// Makes a function that is played; `dead_letters` is where its events go that fail.
    /// Units: `timeout_s` seconds.
    pub async fn make_function(
        &self,
        name: &str,
        timeout_s: i32,
        dead_letters: Option<String>,
    ) -> Result<(), ApiError> {
        let input = CreateFunctionRequest {
            function_name: name.to_owned(),
            runtime: Some("nodejs20.x".into()),
            role: format!("arn:aws:iam::{ACCOUNT}:role/worker"),
            handler: Some("index.handler".to_owned()),
            code: FunctionCode { zip_file: Some(Bytes::from_static(PACKAGE)), ..FunctionCode::default() },
            timeout: Some(timeout_s),
            dead_letter_config: dead_letters.map(|arn| DeadLetterConfig { target_arn: Some(arn) }),
            ..CreateFunctionRequest::default()
        };
        self.lambda.create_function(&self.cx(), input).await.map(|_| ())
    }

    /// Returns when the process has ended itself: the disk has failed.
    pub async fn ended(&self) {
        self.ended.notified().await;
    }
}

fn start_store(world: &World, clock: &Arc<dyn Clock>, rng: &Arc<dyn Rng>) -> (Store, Arc<Notify>) {
    let folder = Folder::open(&world.folder.path().join("data")).expect("the life before has left its folder");
    let ended = Arc::new(Notify::new());
    let (trace, ending) = (world.trace.clone(), ended.clone());
    let on_fatal: store::OnFatal = Arc::new(move |words: &str| {
        trace.say(format_args!("process: {words}"));
        ending.notify_one();
    });
    let disk = Arc::new(world.disk.clone());
    let (store, steps) = Store::stepped(disk, folder, clock.clone(), rng.clone(), on_fatal, world.disk.pace());
    tokio::spawn(steps.run());
    (store, ended)
}
