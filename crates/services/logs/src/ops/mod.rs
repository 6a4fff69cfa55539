//! The operations, one file per family.

mod deliveries;
mod destinations;
mod groups;
mod live_tail;
mod metric_filters;
mod put_events;
mod query_definitions;
mod read_events;
mod resource_policies;
mod streams;
mod subscription_filters;
mod tags;
