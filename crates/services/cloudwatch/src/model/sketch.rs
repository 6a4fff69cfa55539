//! Many values in few bins: each bin is 2 % wide, so a value is told within 1 %.

use std::collections::BTreeMap;

use crate::limits::SKETCH_BINS_MAX;

/// Each bin ends at this many times where it began.
const GROWTH: f64 = 1.02;

/// Counts of values from zero on, by bin.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sketch {
    pub zeros: f64,
    pub bins: BTreeMap<i32, f64>,
}

impl Sketch {
    /// Shape: `value` is not negative.
    pub(crate) fn add(&mut self, value: f64, count: f64) {
        if value <= f64::MIN_POSITIVE {
            self.zeros += count;
            return;
        }
        *self.bins.entry(bin_of(value)).or_default() += count;
        while self.bins.len() > SKETCH_BINS_MAX {
            self.join_lowest();
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.zeros += other.zeros;
        for (bin, count) in &other.bins {
            *self.bins.entry(*bin).or_default() += count;
        }
        while self.bins.len() > SKETCH_BINS_MAX {
            self.join_lowest();
        }
    }

    fn join_lowest(&mut self) {
        if let Some((_, count)) = self.bins.pop_first()
            && let Some(mut lowest) = self.bins.first_entry()
        {
            *lowest.get_mut() += count;
        }
    }

    /// Values and counts, the lowest first.
    pub(crate) fn values(&self) -> impl Iterator<Item = (f64, f64)> {
        let zeros = (self.zeros > 0.0).then_some((0.0, self.zeros));
        zeros.into_iter().chain(self.bins.iter().map(|(bin, count)| (middle_of(*bin), *count)))
    }
}

#[allow(clippy::cast_possible_truncation)] // Logarithms of doubles are small.
fn bin_of(value: f64) -> i32 {
    (value.ln() / GROWTH.ln()).ceil() as i32
}

fn middle_of(bin: i32) -> f64 {
    2.0 * GROWTH.powi(bin) / (GROWTH + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_value_is_told_within_one_percent(value in 1e-9_f64..1e12) {
            let mut sketch = Sketch::default();
            sketch.add(value, 3.0);
            let (told, count) = sketch.values().next().unwrap();
            prop_assert!((told - value).abs() <= value * 0.0101, "{value} as {told}");
            prop_assert_eq!(count, 3.0);
        }
    }

    #[test]
    fn it_never_has_more_bins_than_it_may() {
        let mut sketch = Sketch::default();
        (-6000..6000).for_each(|power| sketch.add(GROWTH.powi(power), 1.0));
        assert_eq!(sketch.bins.len(), SKETCH_BINS_MAX);
        assert_eq!(sketch.values().map(|(_, count)| count).sum::<f64>(), 12_000.0);
    }
}
