//! What services tell of themselves: samples that become metrics, and facts that `gureum why` explains from.
//!
//! What does not belong here: what a metric means (each service), its operations (services/cloudwatch), the words of an
//! explanation (`gureum`).

mod fact_store;
mod facts;
pub mod limits;
mod meter;
mod records;
mod tasks;

pub use fact_store::{About, FactStore, Story};
pub use facts::{Fact, Facts, Holder, Limit, Via, What};
pub use meter::{Meter, Pending, Sample, Unit};

/// Takes everything and keeps nothing: for tests that ask neither.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Meter for Silent {
    fn record(&self, _: &Sample<'_>) {}
}

impl Facts for Silent {
    fn tell(&self, _: Fact) {}
}
