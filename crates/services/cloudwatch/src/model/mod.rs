//! The rules of metrics: no I/O, and the time is an argument.

pub(crate) mod aggregate;
pub(crate) mod alarm;
pub(crate) mod datum;
pub(crate) mod faults;
pub(crate) mod label;
pub(crate) mod names;
pub(crate) mod period;
pub(crate) mod series;
pub(crate) mod sketch;
pub(crate) mod statistic;
pub(crate) mod unit;
