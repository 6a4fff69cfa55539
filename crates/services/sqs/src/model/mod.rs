//! Pure rules: no clock, no chance, no disk.

pub(crate) mod attributes;
pub(crate) mod batch;
pub(crate) mod content;
pub(crate) mod dedup;
pub(crate) mod digest;
pub(crate) mod fair;
pub(crate) mod fifo;
pub(crate) mod flight;
pub(crate) mod message;
pub(crate) mod name;
pub(crate) mod permission;
pub(crate) mod receipt;
pub(crate) mod redrive;
pub(crate) mod standard;
