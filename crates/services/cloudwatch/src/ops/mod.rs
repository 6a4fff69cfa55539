//! The operations, one file per family.

mod alarm_history;
mod alarms;
mod describe_alarms;
mod list;
mod metric_data;
mod put;
mod raw;
mod statistics;
mod tags;

pub(crate) use alarm_history::{acted, free_key, moved};
