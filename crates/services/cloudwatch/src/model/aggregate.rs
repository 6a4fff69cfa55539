//! What is kept of the values of a period, and its form on disk.

use bytes::Bytes;

use super::sketch::Sketch;
use crate::limits::VALUES_MAX;

/// Count, sum and extremes of some values, and how they are spread.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Aggregate {
    pub count: f64,
    pub sum: f64,
    pub minimum: f64,
    pub maximum: f64,
    pub spread: Spread,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Spread {
    /// Different values and their counts, by value.
    Exact(Vec<(f64, f64)>),
    Sketch(Sketch),
    /// Some of it came as a statistic set, or is negative: AWS tells no percentiles then.
    Unknown,
}

impl Default for Aggregate {
    fn default() -> Self {
        Self {
            count: 0.0,
            sum: 0.0,
            minimum: f64::INFINITY,
            maximum: f64::NEG_INFINITY,
            spread: Spread::Exact(Vec::new()),
        }
    }
}

impl Aggregate {
    pub(crate) fn add(&mut self, value: f64, count: f64) {
        self.count += count;
        self.sum += value * count;
        self.minimum = self.minimum.min(value);
        self.maximum = self.maximum.max(value);
        if value < 0.0 {
            self.spread = Spread::Unknown;
        }
        self.spread.add(value, count);
    }

    /// A statistic set. Source: CloudWatch API Reference, PutMetricData: a set tells percentiles where it stands for one
    /// value, or for one value many times; then its sum says the same.
    pub(crate) fn add_set(&mut self, count: f64, sum: f64, minimum: f64, maximum: f64) {
        self.count += count;
        self.sum += sum;
        self.minimum = self.minimum.min(minimum);
        self.maximum = self.maximum.max(maximum);
        #[allow(clippy::float_cmp)] // Both as they were given; the sum may have been rounded.
        if minimum >= 0.0 && minimum == maximum && (sum - minimum * count).abs() <= sum.abs() * 1e-9 {
            self.spread.add(minimum, count);
        } else {
            self.spread = Spread::Unknown;
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.minimum = self.minimum.min(other.minimum);
        self.maximum = self.maximum.max(other.maximum);
        match &other.spread {
            Spread::Exact(values) => values.iter().for_each(|(value, count)| self.spread.add(*value, *count)),
            Spread::Sketch(sketch) => self.spread.merge_sketch(sketch),
            Spread::Unknown => self.spread = Spread::Unknown,
        }
    }

    /// Values and counts, the lowest first; none where they are not known.
    pub(crate) fn values(&self) -> Option<Vec<(f64, f64)>> {
        match &self.spread {
            Spread::Exact(values) => Some(values.clone()),
            Spread::Sketch(sketch) => {
                let within = |(value, count): (f64, f64)| (value.clamp(self.minimum, self.maximum), count);
                Some(sketch.values().map(within).collect())
            }
            Spread::Unknown => None,
        }
    }
}

impl Spread {
    fn add(&mut self, value: f64, count: f64) {
        match self {
            Self::Unknown => {}
            Self::Sketch(sketch) => sketch.add(value, count),
            Self::Exact(values) => match values.binary_search_by(|(known, _)| known.total_cmp(&value)) {
                Ok(at) => {
                    if let Some((_, known)) = values.get_mut(at) {
                        *known += count;
                    }
                }
                Err(at) if values.len() < VALUES_MAX => values.insert(at, (value, count)),
                Err(_) => {
                    let mut sketch = sketch_of(values);
                    sketch.add(value, count);
                    *self = Self::Sketch(sketch);
                }
            },
        }
    }

    fn merge_sketch(&mut self, other: &Sketch) {
        match self {
            Self::Unknown => {}
            Self::Sketch(sketch) => sketch.merge(other),
            Self::Exact(values) => {
                let mut sketch = sketch_of(values);
                sketch.merge(other);
                *self = Self::Sketch(sketch);
            }
        }
    }
}

fn sketch_of(values: &[(f64, f64)]) -> Sketch {
    let mut sketch = Sketch::default();
    values.iter().for_each(|(value, count)| sketch.add(*value, *count));
    sketch
}

/// The first byte of a stored point. Points of every released version open for ever.
const VERSION: u8 = 1;
const EXACT: u8 = 0;
const SKETCH: u8 = 1;
const UNKNOWN: u8 = 2;

impl Aggregate {
    /// Version, kind of spread, four numbers, then pairs.
    pub(crate) fn encode(&self) -> Bytes {
        let mut out = vec![VERSION, EXACT];
        for number in [self.count, self.sum, self.minimum, self.maximum] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        let kind = match &self.spread {
            Spread::Exact(values) => {
                for (value, count) in values {
                    out.extend_from_slice(&value.to_le_bytes());
                    out.extend_from_slice(&count.to_le_bytes());
                }
                EXACT
            }
            Spread::Sketch(sketch) => {
                out.extend_from_slice(&sketch.zeros.to_le_bytes());
                for (bin, count) in &sketch.bins {
                    out.extend_from_slice(&bin.to_le_bytes());
                    out.extend_from_slice(&count.to_le_bytes());
                }
                SKETCH
            }
            Spread::Unknown => UNKNOWN,
        };
        if let Some(place) = out.get_mut(1) {
            *place = kind;
        }
        out.into()
    }

    /// Without the values, which most statistics do not need.
    pub(crate) fn decode_head(stored: &[u8]) -> Option<Self> {
        let mut numbers = stored.get(2..2 + 4 * 8).filter(|_| stored.first() == Some(&VERSION))?;
        let mut number = || take_f64(&mut numbers);
        let (count, sum, minimum, maximum) = (number()?, number()?, number()?, number()?);
        Some(Self { count, sum, minimum, maximum, spread: Spread::Unknown })
    }

    /// `None`: damaged, or of a newer version.
    pub(crate) fn decode(stored: &[u8]) -> Option<Self> {
        let (version, rest) = stored.split_first()?;
        let (kind, mut rest) = rest.split_first()?;
        if *version != VERSION {
            return None;
        }
        let mut number = || take_f64(&mut rest);
        let (count, sum, minimum, maximum) = (number()?, number()?, number()?, number()?);
        let spread = match *kind {
            UNKNOWN => Spread::Unknown,
            EXACT => {
                let mut values = Vec::with_capacity(rest.len() / 16);
                while !rest.is_empty() {
                    values.push((take_f64(&mut rest)?, take_f64(&mut rest)?));
                }
                Spread::Exact(values)
            }
            SKETCH => {
                let mut sketch = Sketch { zeros: take_f64(&mut rest)?, ..Sketch::default() };
                while !rest.is_empty() {
                    let (bin, after) = rest.split_first_chunk::<4>()?;
                    rest = after;
                    sketch.bins.insert(i32::from_le_bytes(*bin), take_f64(&mut rest)?);
                }
                Spread::Sketch(sketch)
            }
            _ => return None,
        };
        Some(Self { count, sum, minimum, maximum, spread })
    }
}

fn take_f64(from: &mut &[u8]) -> Option<f64> {
    let (number, rest) = from.split_first_chunk::<8>()?;
    *from = rest;
    Some(f64::from_le_bytes(*number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[f64]) -> Aggregate {
        let mut aggregate = Aggregate::default();
        values.iter().for_each(|value| aggregate.add(*value, 1.0));
        aggregate
    }

    #[test]
    fn many_values_become_a_sketch_that_still_counts_right() {
        let values: Vec<f64> = (1..=1000).map(f64::from).collect();
        let aggregate = of(&values);
        assert!(matches!(aggregate.spread, Spread::Sketch(_)));
        assert_eq!((aggregate.count, aggregate.sum), (1000.0, 500_500.0));
        assert_eq!(aggregate.values().unwrap().iter().map(|(_, count)| count).sum::<f64>(), 1000.0);
    }

    #[test]
    fn a_statistic_set_hides_how_values_are_spread_unless_they_are_one() {
        let mut aggregate = of(&[1.0]);
        aggregate.add_set(3.0, 6.0, 2.0, 2.0);
        assert_eq!(aggregate.values(), Some(vec![(1.0, 1.0), (2.0, 3.0)]));
        aggregate.add_set(3.0, 0.1 + 0.1 + 0.1, 0.1, 0.1);
        aggregate.add_set(1.0, 5.0, 5.0, 5.0);
        assert_eq!(aggregate.values(), Some(vec![(0.1, 3.0), (1.0, 1.0), (2.0, 3.0), (5.0, 1.0)]));
        for (count, sum, minimum, maximum) in [(2.0, 6.0, 2.0, 4.0), (1.0, 3.0, 2.0, 4.0), (2.0, 5.0, 2.0, 2.0)] {
            let mut aggregate = of(&[1.0]);
            aggregate.add_set(count, sum, minimum, maximum);
            assert_eq!(aggregate.values(), None);
        }
    }

    #[test]
    fn negative_values_tell_no_percentiles() {
        assert_eq!(of(&[1.0, -1.0]).values(), None);
    }

    proptest! {
        #[test]
        fn merging_is_adding(a in proptest::collection::vec(0_u16..400, 0..300), b in proptest::collection::vec(0_u16..400, 0..300)) {
            let numbers = |all: &[u16]| all.iter().copied().map(f64::from).collect::<Vec<_>>();
            let mut merged = of(&numbers(&a));
            merged.merge(&of(&numbers(&b)));
            let whole = of(&numbers(&[a, b].concat()));
            prop_assert_eq!((merged.count, merged.sum), (whole.count, whole.sum));
            prop_assert_eq!((merged.minimum, merged.maximum), (whole.minimum, whole.maximum));
            let count = |aggregate: &Aggregate| aggregate.values().unwrap().iter().map(|(_, count)| count).sum::<f64>();
            prop_assert_eq!(count(&merged), count(&whole));
        }

        #[test]
        fn a_point_reads_back(values in proptest::collection::vec(-10.0_f64..1e9, 0..200), set in any::<bool>()) {
            let mut aggregate = of(&values);
            if set {
                aggregate.add_set(2.0, 3.0, 1.0, 2.0);
            }
            let head = Aggregate { spread: Spread::Unknown, ..aggregate.clone() };
            prop_assert_eq!(Aggregate::decode_head(&aggregate.encode()), Some(head));
            prop_assert_eq!(Aggregate::decode(&aggregate.encode()), Some(aggregate));
        }

        #[test]
        fn damaged_points_are_no_panic(stored in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = (Aggregate::decode(&stored), Aggregate::decode_head(&stored));
        }
    }
}
