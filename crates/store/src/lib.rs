//! What is on disk: documents under transactions, machines with group commit, and blobs.
//!
//! A write is acknowledged when the configured [`Durability`] has been reached; many requests share one fdatasync.
//! What does not belong here: what a key or a value means (each service's `records.rs`), protocols, AWS semantics.

pub mod backend;
mod blob;
mod committer;
mod error;
mod folder;
mod key;
pub mod limits;
mod machine;
mod overlay;
mod record;
mod releaser;
mod seat;
mod stepped;
mod store;
mod txn;

pub use backend::Direction;
pub use blob::{BlobId, Blobs, HeldBlob, InvalidBlobId};
pub use committer::{Durability, OnFatal};
pub use error::StoreError;
pub use folder::{Folder, OpenError};
pub use key::{DamagedKey, Key, KeyRange, Part};
pub use machine::{Effects, Machine, Machines, Reply, TimerId, Timers};
pub use record::{Record, RecordError};
pub use stepped::{DiskStep, Pace, Steps};
pub use store::{EXIT_IO_ERROR, Options, Store, end_process};
pub use txn::{Release, Txn};
