//! Pure rules: no I/O, time and chance are arguments.

pub(crate) mod batch;
pub(crate) mod filters;
pub(crate) mod names;
pub(crate) mod pauses;
pub(crate) mod response;
pub(crate) mod scaling;
pub(crate) mod settings;
pub(crate) mod state;
pub(crate) mod trace;
