//! The operations, one file per family.

mod alarms;
mod list;
mod metric_data;
mod put;
mod raw;
mod statistics;
