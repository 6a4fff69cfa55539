//! What a user may say of a mapping, and what follows from it.
//! Source: Lambda API Reference, CreateEventSourceMapping; Lambda Developer Guide, "Lambda parameters for Amazon SQS event source
//! mappings".

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::batch::Measure;
use super::filters::Filters;
use super::names::SourceKind;
use super::scaling::Bounds;
use crate::limits::{
    EVENT_BYTES_MAX, FILTERS_MAX, POLLERS_MAX_DEFAULT, POLLERS_MIN_DEFAULT, SQS_BATCH_SIZE_DEFAULT,
    SQS_BATCH_SIZE_UNWINDOWED_MAX,
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub batch_size: i32,
    pub window_s: i32,
    #[serde(default)]
    pub filters: Vec<String>,
    #[serde(default)]
    pub reports_failures: bool,
    pub maximum_concurrency: Option<i32>,
    pub pollers: Option<Pollers>,
    pub metrics: Option<Vec<String>>,
    pub kms_key_arn: Option<String>,
}

/// Provisioned mode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pollers {
    pub minimum: Option<i32>,
    pub maximum: Option<i32>,
    pub group: Option<String>,
}

/// What a request says: `None` leaves things as they are, an inner `None` takes them away.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub batch_size: Option<i32>,
    pub window_s: Option<i32>,
    pub filters: Option<Vec<String>>,
    pub reports_failures: Option<bool>,
    pub maximum_concurrency: Option<Option<i32>>,
    pub pollers: Option<Option<Pollers>>,
    pub metrics: Option<Option<Vec<String>>>,
    pub kms_key_arn: Option<Option<String>>,
}

/// Why settings cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    WindowMissing,
    FifoWindow,
    FifoBatchSize,
    TooManyFilters,
    Filter,
    TwoScalings,
    Pollers,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            batch_size: SQS_BATCH_SIZE_DEFAULT,
            window_s: 0,
            filters: Vec::new(),
            reports_failures: false,
            maximum_concurrency: None,
            pollers: None,
            metrics: None,
            kms_key_arn: None,
        }
    }
}

impl Settings {
    #[must_use]
    pub(crate) fn changed(&self, asked: Asked) -> Self {
        Self {
            batch_size: asked.batch_size.unwrap_or(self.batch_size),
            window_s: asked.window_s.unwrap_or(self.window_s),
            filters: asked.filters.unwrap_or_else(|| self.filters.clone()),
            reports_failures: asked.reports_failures.unwrap_or(self.reports_failures),
            maximum_concurrency: asked.maximum_concurrency.unwrap_or(self.maximum_concurrency),
            pollers: asked.pollers.unwrap_or_else(|| self.pollers.clone()),
            metrics: asked.metrics.unwrap_or_else(|| self.metrics.clone()),
            kms_key_arn: asked.kms_key_arn.unwrap_or_else(|| self.kms_key_arn.clone()),
        }
    }

    pub(crate) fn check(&self, source: &SourceKind) -> Result<(), Refused> {
        let sqs = matches!(source, SourceKind::Sqs { .. });
        if source.is_fifo() && self.window_s > 0 {
            return Err(Refused::FifoWindow);
        }
        if source.is_fifo() && self.batch_size > SQS_BATCH_SIZE_UNWINDOWED_MAX {
            return Err(Refused::FifoBatchSize);
        }
        if sqs && self.batch_size > SQS_BATCH_SIZE_UNWINDOWED_MAX && self.window_s == 0 {
            return Err(Refused::WindowMissing);
        }
        if self.filters.len() > FILTERS_MAX {
            return Err(Refused::TooManyFilters);
        }
        if Filters::parse(&self.filters).is_err() {
            return Err(Refused::Filter);
        }
        let Some(pollers) = &self.pollers else { return Ok(()) };
        if self.maximum_concurrency.is_some() {
            return Err(Refused::TwoScalings);
        }
        let (least, most) = pollers.bounds();
        if sqs && (least < 2 || most < least) { Err(Refused::Pollers) } else { Ok(()) }
    }

    pub(crate) fn measure(&self, source: &SourceKind) -> Measure {
        Measure {
            size: usize::try_from(self.batch_size).unwrap_or(1).max(1),
            window: Duration::from_secs(u64::try_from(self.window_s).unwrap_or(0)),
            bytes: EVENT_BYTES_MAX,
            ordered: source.is_fifo(),
        }
    }

    pub(crate) fn bounds(&self) -> Bounds {
        let whole = |number: i32| u32::try_from(number).unwrap_or(1);
        match &self.pollers {
            Some(pollers) => {
                let (least, most) = pollers.bounds();
                Bounds::provisioned(whole(least), whole(most))
            }
            None => Bounds::on_demand(self.maximum_concurrency.map(whole)),
        }
    }
}

impl Pollers {
    /// The least and the most.
    fn bounds(&self) -> (i32, i32) {
        let least = self.minimum.unwrap_or(POLLERS_MIN_DEFAULT);
        (least, self.maximum.unwrap_or(POLLERS_MAX_DEFAULT.max(least)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(queue: &str, asked: Asked) -> Result<(), Refused> {
        let source = SourceKind::of_arn(&format!("arn:aws:sqs:us-east-1:000000000000:{queue}")).unwrap();
        Settings::default().changed(asked).check(&source)
    }

    #[test]
    fn batches_above_ten_need_a_window_and_fifo_has_neither() {
        let asked =
            |batch_size, window_s| Asked { batch_size: Some(batch_size), window_s: Some(window_s), ..Asked::default() };
        assert_eq!(check("q", asked(10, 0)), Ok(()));
        assert_eq!(check("q", asked(11, 0)), Err(Refused::WindowMissing));
        assert_eq!(check("q", asked(10_000, 1)), Ok(()));
        assert_eq!(check("q.fifo", asked(10, 0)), Ok(()));
        assert_eq!(check("q.fifo", asked(11, 0)), Err(Refused::FifoBatchSize));
        assert_eq!(check("q.fifo", asked(10, 1)), Err(Refused::FifoWindow));
    }

    #[test]
    fn filters_are_few_and_well_formed() {
        let asked = |filters: Vec<&str>| Asked {
            filters: Some(filters.into_iter().map(str::to_owned).collect()),
            ..Asked::default()
        };
        assert_eq!(check("q", asked(vec![r#"{"body":{"a":["1"]}}"#; 10])), Ok(()));
        assert_eq!(check("q", asked(vec![r#"{"body":{"a":["1"]}}"#; 11])), Err(Refused::TooManyFilters));
        assert_eq!(check("q", asked(vec!["single-string"])), Err(Refused::Filter));
        assert_eq!(check("q", asked(vec!["[{\"eventName\": [\"INSERT\"=123}]"])), Err(Refused::Filter));
    }

    #[test]
    fn one_way_to_scale_at_a_time() {
        let pollers = |minimum, maximum| Some(Some(Pollers { minimum, maximum, group: None }));
        let asked = Asked { maximum_concurrency: Some(Some(2)), pollers: pollers(None, None), ..Asked::default() };
        assert_eq!(check("q", asked), Err(Refused::TwoScalings));
        assert_eq!(check("q", Asked { pollers: pollers(Some(2), Some(2)), ..Asked::default() }), Ok(()));
        assert_eq!(check("q", Asked { pollers: pollers(Some(1), None), ..Asked::default() }), Err(Refused::Pollers));
        assert_eq!(check("q", Asked { pollers: pollers(Some(9), Some(3)), ..Asked::default() }), Err(Refused::Pollers));
    }

    #[test]
    fn a_change_leaves_what_it_does_not_name() {
        let first = Settings::default().changed(Asked {
            maximum_concurrency: Some(Some(3)),
            window_s: Some(2),
            ..Asked::default()
        });
        let second = first.changed(Asked { maximum_concurrency: Some(None), ..Asked::default() });
        assert_eq!((second.maximum_concurrency, second.window_s, second.batch_size), (None, 2, 10));
    }
}
