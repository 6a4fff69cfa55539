//! The operations, one file per family.

mod aliases;
mod code_signing;
mod concurrency;
pub(crate) mod configuration;
mod deletion;
mod event_invoke;
mod event_source_mappings;
mod functions;
mod invoke;
mod kept;
mod layer_lists;
mod layer_policies;
mod layers;
mod lists;
mod pages;
mod permissions;
mod provisioned;
mod reads;
mod response_stream;
mod tags;
mod urls;
mod versions;

pub(crate) use invoke::or_nothing;
