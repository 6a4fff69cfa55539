//! Provisioned concurrency at work: what the configurations say is claimed in the room and kept by the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use api_lambda::types::ProvisionedConcurrencyStatusEnum as Status;
use runtime::KeepFailure;
use store::KeyRange;
use store::backend::Direction;

use crate::error::Error;
use crate::functions::Function;
use crate::records::{Place, ProvisionedRecord};
use crate::service::Shared;

/// `StatusReason` of a function whose initialization failed. Source: recorded answer.
const INIT_FAILURE: &str = "FUNCTION_ERROR_INIT_FAILURE";

/// What is allocated, by function and version.
#[derive(Default)]
pub struct Provisioning {
    functions: Mutex<BTreeMap<(Place, String), Allocations>>,
}

type Allocations = BTreeMap<String, Allocation>;

/// Of one version.
struct Allocation {
    size: u32,
    standing: Arc<Mutex<Standing>>,
}

/// How an allocation stands.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    pub ready: u32,
    pub failure: Option<String>,
    /// Whether all of it has been there once: what dies later is replaced without a word.
    pub was_complete: bool,
    /// It is not wanted any more.
    is_over: bool,
}

impl Standing {
    pub fn status(&self) -> Status {
        match self {
            Self { failure: Some(_), .. } => Status::Failed,
            Self { was_complete: true, .. } => Status::Ready,
            _ => Status::InProgress,
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Function {
    /// What each version shall have: an alias means its own version.
    fn provisioned_versions(&self) -> BTreeMap<String, u32> {
        let versions = self.provisioned.iter().filter_map(|(qualifier, record)| {
            let version = self.qualified(Some(qualifier))?;
            Some((version.version.clone(), record.requested))
        });
        versions.collect()
    }
}

impl Provisioning {
    /// How a version's allocation stands.
    pub fn standing(&self, place: &Place, name: &str, version: &str) -> Standing {
        let functions = locked(&self.functions);
        let allocation = functions.get(&(place.clone(), name.to_owned())).and_then(|versions| versions.get(version));
        allocation.map(|allocation| locked(&allocation.standing).clone()).unwrap_or_default()
    }
}

impl Shared {
    /// Makes what is allocated for a function agree with its configurations: to be called after every change of them, of
    /// its aliases and of its versions. What had failed is tried anew for the version `anew`.
    pub fn provision(self: &Arc<Self>, place: &Place, name: &str, anew: Option<&str>) -> Result<(), Error> {
        let mut functions = locked(&self.provisioning.functions);
        let key = (place.clone(), name.to_owned());
        if !functions.contains_key(&key) && anew.is_none() {
            // Nearly always: a function that never had any.
            let function = self.functions.find(place, name)?;
            if function.is_none_or(|function| function.provisioned.is_empty()) {
                return Ok(());
            }
        }
        let function = self.functions.find(place, name)?;
        let wanted = function.as_ref().map(|function| function.provisioned_versions()).unwrap_or_default();
        let allocations = functions.entry(key.clone()).or_default();
        let keeps = |version: &String, allocation: &Allocation| {
            wanted.get(version) == Some(&allocation.size) && anew != Some(version.as_str())
        };
        let over: BTreeSet<String> =
            allocations.iter().filter(|(version, known)| !keeps(version, known)).map(|(v, _)| v.clone()).collect();
        for version in over {
            let Some(allocation) = allocations.remove(&version) else { continue };
            // From here on its task does not ask the engine again.
            locked(&allocation.standing).is_over = true;
            if !wanted.contains_key(&version) {
                self.engine.let_go(&format!("{}:{version}", place.arn(name)));
                self.concurrency.claim(place, name, &version, 0);
            }
        }
        if let Some(function) = function {
            for (version, size) in wanted {
                if !allocations.contains_key(&version) {
                    allocations.insert(version.clone(), self.allocate(&function, version, size));
                }
            }
        }
        if allocations.is_empty() {
            functions.remove(&key);
        }
        Ok(())
    }

    fn allocate(self: &Arc<Self>, function: &Arc<Function>, version: String, size: u32) -> Allocation {
        self.concurrency.claim(&function.place, &function.record.name, &version, size);
        let standing = Arc::new(Mutex::new(Standing::default()));
        let (shared, function, following) = (self.clone(), function.clone(), standing.clone());
        tokio::spawn(async move {
            if let Err(error) = shared.follow(&function, &version, size, &following).await {
                tracing::info!(%error, function = function.record.name, version, "provisioned concurrency failed");
                locked(&following).failure = Some(error.to_string());
            }
        });
        Allocation { size, standing }
    }

    /// Has the engine keep a version's environments, and takes note of how they stand as long as they are wanted.
    async fn follow(
        &self,
        function: &Function,
        version: &str,
        size: u32,
        standing: &Mutex<Standing>,
    ) -> Result<(), Error> {
        let Some(record) = function.version(version) else { return Ok(()) };
        let spec = self.spec(function, record).await?;
        let mut kept = {
            let standing = locked(standing);
            if standing.is_over {
                return Ok(());
            }
            self.engine.keep(spec, size)
        };
        loop {
            {
                let now = kept.borrow_and_update().clone();
                let mut standing = locked(standing);
                if standing.is_over {
                    return Ok(());
                }
                standing.ready = now.ready.min(size);
                standing.was_complete |= now.ready >= size;
                standing.failure = now.failure.map(|failure| match failure {
                    KeepFailure::Init => INIT_FAILURE.to_owned(),
                    KeepFailure::Start(why) => why,
                });
                self.concurrency.ready(&function.place, &function.record.name, version, now.ready);
            }
            if kept.changed().await.is_err() {
                return Ok(());
            }
        }
    }

    /// Claims what configurations say: at a start, before anything runs.
    pub fn recall_provisioned(&self, place: &Place) -> Result<(), Error> {
        let range = KeyRange::prefix(&place.all_provisioned());
        let mut names = BTreeSet::new();
        for (key, _) in self.store.scan_records::<ProvisionedRecord>(&range, usize::MAX, Direction::Forward)? {
            let parts = key.parts().unwrap_or_default();
            let [.., name, _] = parts.as_slice() else { continue };
            names.extend(name.text().map(str::to_owned));
        }
        for name in names {
            let Some(function) = self.functions.find(place, &name)? else { continue };
            for (version, size) in function.provisioned_versions() {
                self.concurrency.claim(place, &name, &version, size);
            }
            locked(&self.provisioning.functions).insert((place.clone(), name), Allocations::new());
        }
        Ok(())
    }

    /// Makes all environments again that configurations ask for.
    pub fn provision_all(self: &Arc<Self>) {
        let known: Vec<(Place, String)> = locked(&self.provisioning.functions).keys().cloned().collect();
        for (place, name) in known {
            if let Err(error) = self.provision(&place, &name, None) {
                tracing::error!(%error, function = name, "provisioned concurrency could not be read");
            }
        }
    }
}
