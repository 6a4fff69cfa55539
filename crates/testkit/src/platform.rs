use std::sync::Arc;

use kernel::{Access, AccountId, Caller, Clock, Cx, PageTokens, Region, Rng, id};
use store::{Folder, Store};
use tokio::sync::Notify;

use crate::clock::SimClock;
use crate::world::{ACCOUNT, World};

/// The services of one life of the process.
pub struct Platform {
    pub sqs: Arc<service_sqs::Service>,
    pub store: Store,
    pub clock: SimClock,
    pub trace: crate::Trace,
    rng: Arc<dyn Rng>,
    ended: Arc<Notify>,
}

impl Platform {
    /// Starts everything; called within the life's runtime.
    pub(crate) fn start(world: &World) -> Arc<Self> {
        let (clock, rng): (Arc<dyn Clock>, Arc<dyn Rng>) = (Arc::new(world.clock.clone()), world.rng.clone());
        let folder = Folder::open(world.folder.path()).expect("the life before has left its folder");
        let ended = Arc::new(Notify::new());
        let (trace, ending) = (world.trace.clone(), ended.clone());
        let on_fatal: store::OnFatal = Arc::new(move |words: &str| {
            trace.say(format_args!("process: {words}"));
            ending.notify_one();
        });
        let disk = Arc::new(world.disk.clone());
        let (store, steps) = Store::stepped(disk, folder, clock.clone(), rng.clone(), on_fatal, world.disk.pace());
        tokio::spawn(steps.run());
        let sqs = Arc::new(service_sqs::Service::new(service_sqs::Needs {
            store: store.clone(),
            clock: clock.clone(),
            rng: rng.clone(),
            page_tokens: PageTokens::new([7; 32]),
            meter: Arc::new(telemetry::Silent),
            facts: Arc::new(telemetry::Silent),
        }));
        for (_, task) in sqs.tasks() {
            tokio::spawn(task);
        }
        let (clock, trace) = (world.clock.clone(), world.trace.clone());
        Arc::new(Self { sqs, store, clock, trace, rng, ended })
    }

    /// A call by the account's root.
    pub fn cx(&self) -> Cx {
        let account = AccountId::parse(ACCOUNT).expect("twelve digits");
        let caller = Caller::root(&account);
        Cx::new(&id::uuid(self.rng.as_ref()), account, Region::default(), caller, Access::Open)
    }

    /// Returns when the process has ended itself: the disk has failed.
    pub async fn ended(&self) {
        self.ended.notified().await;
    }
}
