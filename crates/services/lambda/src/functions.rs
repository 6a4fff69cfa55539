//! Functions as they are read: from memory while nothing changes, from the store after every change.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use runtime::FunctionSpec;
use store::backend::Direction;
use store::{Key, KeyRange, Record, Store, StoreError};

use crate::error::Error;
use crate::limits::{CACHED_FUNCTIONS_MAX, CALLED_KNOWN_MAX};
use crate::metrics::Called;
use crate::model::name::{FunctionRef, LATEST, version_number};
use crate::model::routing;
use crate::records::{
    AliasRecord, EventInvokeRecord, FunctionRecord, Place, PolicyRecord, ProvisionedRecord, VersionRecord,
};
use crate::url::records::{UrlRecord, urls};

/// A function with everything that belongs to it, as of one moment.
pub struct Function {
    pub place: Place,
    pub record: FunctionRecord,
    pub versions: BTreeMap<u64, VersionRecord>,
    pub aliases: BTreeMap<String, AliasRecord>,
    /// By qualifier; the empty one is the function's own.
    pub policies: BTreeMap<String, PolicyRecord>,
    pub event_invokes: BTreeMap<String, EventInvokeRecord>,
    /// By qualifier.
    pub provisioned: BTreeMap<String, ProvisionedRecord>,
    /// By qualifier; the empty one is `$LATEST`'s.
    pub urls: BTreeMap<String, UrlRecord>,
    /// What the engine runs, by version, made at the first invocation after a change.
    specs: Mutex<BTreeMap<String, Arc<FunctionSpec>>>,
    /// Whom calls count for, by qualifier and version.
    called: Mutex<Vec<KnownCall>>,
}

/// Qualifier, version, and whom such a call counts for.
type KnownCall = (Option<String>, String, Arc<Called>);

impl Function {
    pub fn arn(&self) -> String {
        self.place.arn(&self.record.name)
    }

    /// `$LATEST` or a published version.
    pub fn version(&self, version: &str) -> Option<&VersionRecord> {
        if version == LATEST {
            return Some(&self.record.latest);
        }
        self.versions.get(&version_number(version)?)
    }

    /// The version that a qualifier means; an alias means its own version.
    pub fn qualified(&self, qualifier: Option<&str>) -> Option<&VersionRecord> {
        let qualifier = qualifier.unwrap_or(LATEST);
        self.version(qualifier).or_else(|| self.version(&self.aliases.get(qualifier)?.version))
    }

    /// The version that an invocation goes to; an alias shares by its weights. `chance` is a number in 0..10_000.
    pub fn routed(&self, qualifier: Option<&str>, chance: impl FnOnce() -> u32) -> Option<&VersionRecord> {
        let name = qualifier.unwrap_or(LATEST);
        match self.aliases.get(name) {
            Some(alias) if !alias.weights.is_empty() => {
                self.version(routing::pick(&alias.version, &alias.weights, chance()))
            }
            _ => self.qualified(qualifier),
        }
    }

    pub fn spec(&self, version: &str) -> Option<Arc<FunctionSpec>> {
        self.specs.lock().unwrap_or_else(PoisonError::into_inner).get(version).cloned()
    }

    /// Whom a call of a version counts for.
    pub fn called(&self, qualifier: Option<&str>, version: &str) -> Arc<Called> {
        let mut known = self.called.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |(of, by, _): &&KnownCall| of.as_deref() == qualifier && by == version;
        if let Some((_, _, called)) = known.iter().find(same) {
            return called.clone();
        }
        let called = Arc::new(Called::new(&self.place, &self.record.name, qualifier, Some(version)));
        if known.len() < CALLED_KNOWN_MAX {
            known.push((qualifier.map(str::to_owned), version.to_owned(), called.clone()));
        }
        called
    }

    pub fn keep_spec(&self, version: &str, spec: Arc<FunctionSpec>) {
        self.specs.lock().unwrap_or_else(PoisonError::into_inner).insert(version.to_owned(), spec);
    }
}

type CacheKey = (Place, String);

/// The functions that are known in memory.
pub struct Functions {
    store: Store,
    known: RwLock<BTreeMap<CacheKey, Arc<Function>>>,
    /// Grows with every change, so that what was read before one is not kept after it.
    changes: AtomicU64,
}

impl Functions {
    pub fn new(store: Store) -> Self {
        Self { store, known: RwLock::default(), changes: AtomicU64::new(0) }
    }

    /// The function that the reference names, whatever its qualifier. Errors: it does not exist.
    pub fn get(&self, function: &FunctionRef) -> Result<Arc<Function>, Error> {
        let place = Place { account: function.account.clone(), region: function.region.clone() };
        self.find(&place, &function.name)?.ok_or_else(|| Error::FunctionNotFound { arn: function.qualified_arn() })
    }

    pub fn find(&self, place: &Place, name: &str) -> Result<Option<Arc<Function>>, Error> {
        let key = (place.clone(), name.to_owned());
        if let Some(known) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(Some(known.clone()));
        }
        let changes = self.changes.load(Ordering::SeqCst);
        let Some(function) = self.read(place, name)? else { return Ok(None) };
        let function = Arc::new(function);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if self.changes.load(Ordering::SeqCst) == changes {
            if known.len() >= CACHED_FUNCTIONS_MAX {
                known.pop_first();
            }
            known.insert(key, function.clone());
        }
        Ok(Some(function))
    }

    /// To be called after every commit that touches the function.
    pub fn changed(&self, place: &Place, name: &str) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        self.changes.fetch_add(1, Ordering::SeqCst);
        known.remove(&(place.clone(), name.to_owned()));
    }

    fn read(&self, place: &Place, name: &str) -> Result<Option<Function>, Error> {
        let Some(record) = self.store.get_record::<FunctionRecord>(&place.function(name))? else { return Ok(None) };
        let versions = self.all::<VersionRecord>(&place.versions(name))?;
        Ok(Some(Function {
            place: place.clone(),
            record,
            versions: versions.into_iter().filter_map(|(key, version)| Some((key.last_u64()?, version))).collect(),
            aliases: by_name(self.all(&place.aliases(name))?),
            policies: by_name(self.all(&place.policies(name))?),
            event_invokes: by_name(self.all(&place.event_invokes(name))?),
            provisioned: by_name(self.all(&place.provisioned(name))?),
            urls: by_name(self.all(&urls(place, name))?),
            specs: Mutex::default(),
            called: Mutex::default(),
        }))
    }

    fn all<R: Record>(&self, prefix: &Key) -> Result<Vec<(Key, R)>, StoreError> {
        self.store.scan_records(&KeyRange::prefix(prefix), usize::MAX, Direction::Forward)
    }
}

fn by_name<R>(records: Vec<(Key, R)>) -> BTreeMap<String, R> {
    records.into_iter().filter_map(|(key, record)| Some((key.last_text()?, record))).collect()
}
