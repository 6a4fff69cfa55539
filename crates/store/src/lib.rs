//! What is on disk: documents under transactions, machines with group commit, and blobs.
//!
//! A write is acknowledged when the configured [`Durability`] has been reached; many requests share one fdatasync.
//! What does not belong here: what a key or a value means (each service's `records.rs`), protocols, AWS semantics.
