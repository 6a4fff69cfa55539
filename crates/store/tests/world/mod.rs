//! What the tests of this room share: stores over each backend, and keys.
#![allow(dead_code)] // Each test binary uses its own part.

use std::sync::Arc;

use kernel::{AccountId, Clock, OsRng, RealClock, Region};
use store::backend::Backend;
use store::backend::fjall::Fjall;
use store::backend::mem::Mem;
use store::{Durability, Folder, Key, OnFatal, Store};

pub fn account() -> Key {
    Key::new(&AccountId::default(), &Region::default(), "test", "thing")
}

pub fn key(name: &str) -> Key {
    account().part(name)
}

pub fn clock() -> Arc<dyn Clock> {
    Arc::new(RealClock::default())
}

pub fn on_mem() -> Store {
    Store::memory(clock(), Arc::new(OsRng))
}

/// Over fjall, in a folder that goes with the store.
pub fn on_fjall() -> Store {
    let folder = Folder::temporary().unwrap();
    let backend = Arc::new(Fjall::open(&folder.keys_dir()).unwrap());
    Store::over(backend, Durability::Durable, folder, clock(), Arc::new(OsRng), Arc::new(|words| panic!("{words}")))
}

/// A store whose end is not the end of the process.
pub fn over(backend: impl Backend, durability: Durability) -> Store {
    over_with(backend, durability, Arc::new(|_: &str| {}))
}

pub fn over_with(backend: impl Backend, durability: Durability, on_fatal: OnFatal) -> Store {
    Store::over(Arc::new(backend), durability, Folder::temporary().unwrap(), clock(), Arc::new(OsRng), on_fatal)
}

pub fn faulty(mem: Mem) -> Store {
    over(mem, Durability::Durable)
}
