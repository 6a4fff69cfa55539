//! Statistics by name, and what they make of a period's values.
//! Source: CloudWatch User Guide, "CloudWatch statistics definitions".

use super::aggregate::Aggregate;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Statistic {
    SampleCount,
    Average,
    Sum,
    Minimum,
    Maximum,
    /// `p95.5`
    Percentile(f64),
    /// `tm90`, `TM(10%:90%)`, `TM(150:1000)`, `IQM`
    TrimmedMean(Bounds),
    /// `wm90`, …
    WinsorizedMean(Bounds),
    /// `tc90`, …
    TrimmedCount(Bounds),
    /// `ts90`, …
    TrimmedSum(Bounds),
    /// `PR(100:2000)`: the share of values in per cent, by values only.
    PercentileRank(Bounds),
}

/// Which of the values count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bounds {
    /// Per cent of the values in order.
    Percent(f64, f64),
    /// Values above the first and up to the second.
    Values(f64, f64),
}

impl Statistic {
    /// Any statistic that GetMetricData takes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "SampleCount" => Self::SampleCount,
            "Average" => Self::Average,
            "Sum" => Self::Sum,
            "Minimum" => Self::Minimum,
            "Maximum" => Self::Maximum,
            other => return Self::parse_extended(other),
        })
    }

    /// Shape: `p`, `tm`, `wm`, `tc` or `ts` and a percentile; `TM(…:…)` and so on; `PR(…:…)`; `IQM`. Letters of either case.
    pub(crate) fn parse_extended(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        if lower == "iqm" {
            return Some(Self::TrimmedMean(Bounds::Percent(25.0, 75.0)));
        }
        let (name, rest) = lower.split_at_checked(lower.find(|c: char| !c.is_ascii_lowercase())?)?;
        let make = match name {
            "p" => return percent(rest).map(Self::Percentile),
            "tm" => Self::TrimmedMean,
            "wm" => Self::WinsorizedMean,
            "tc" => Self::TrimmedCount,
            "ts" => Self::TrimmedSum,
            "pr" => Self::PercentileRank,
            _ => return None,
        };
        let bounds = match rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
            Some(range) => Bounds::parse(range)?,
            None => Bounds::Percent(0.0, percent(rest)?),
        };
        if name == "pr" && matches!(bounds, Bounds::Percent(..)) {
            return None;
        }
        Some(make(bounds))
    }

    /// Whether it takes more than count, sum and extremes.
    pub(crate) fn needs_values(self) -> bool {
        !matches!(self, Self::SampleCount | Self::Average | Self::Sum | Self::Minimum | Self::Maximum)
    }

    /// `None`: there are no values, or it is not known how they are spread.
    pub(crate) fn of(self, aggregate: &Aggregate) -> Option<f64> {
        if aggregate.count <= 0.0 {
            return None;
        }
        Some(match self {
            Self::SampleCount => aggregate.count,
            Self::Average => aggregate.sum / aggregate.count,
            Self::Sum => aggregate.sum,
            Self::Minimum => aggregate.minimum,
            Self::Maximum => aggregate.maximum,
            Self::Percentile(percent) => percentile(&aggregate.values()?, percent)?,
            Self::TrimmedMean(bounds) => {
                let (count, sum) = weigh(&bounds.cut(&aggregate.values()?));
                (count > 0.0).then_some(sum / count)?
            }
            Self::TrimmedCount(bounds) => weigh(&bounds.cut(&aggregate.values()?)).0,
            Self::TrimmedSum(bounds) => weigh(&bounds.cut(&aggregate.values()?)).1,
            Self::WinsorizedMean(bounds) => {
                let (count, sum) = weigh(&bounds.press(&aggregate.values()?)?);
                sum / count
            }
            Self::PercentileRank(bounds) => {
                let values = aggregate.values()?;
                100.0 * weigh(&bounds.cut(&values)).0 / weigh(&values).0
            }
        })
    }
}

/// 0 to 100 with up to ten digits behind the point.
fn percent(text: &str) -> Option<f64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 3 || part.len() > 10 || !digits(whole) || !digits(part) {
        return None;
    }
    text.trim_end_matches('.').parse().ok().filter(|percent| *percent <= 100.0)
}

impl Bounds {
    /// `10%:90%`, `:95%`, `150:1000`, `:300`. An open end is that of all values.
    fn parse(range: &str) -> Option<Self> {
        let (low, high) = range.split_once(':')?;
        let (low, high) = (low.trim(), high.trim());
        if low.ends_with('%') || high.ends_with('%') {
            let of =
                |text: &str, open: f64| if text.is_empty() { Some(open) } else { percent(text.strip_suffix('%')?) };
            let (low, high) = (of(low, 0.0)?, of(high, 100.0)?);
            return (low < high).then_some(Self::Percent(low, high));
        }
        if low.is_empty() && high.is_empty() {
            return None;
        }
        let of = |text: &str, open: f64| {
            let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'-');
            if text.is_empty() { Some(open) } else { text.parse().ok().filter(|_| plain) }
        };
        let (low, high): (f64, f64) = (of(low, f64::NEG_INFINITY)?, of(high, f64::INFINITY)?);
        (low < high).then_some(Self::Values(low, high))
    }

    /// What lies between, in parts of counts where a bound cuts through equal values.
    fn cut(self, values: &[(f64, f64)]) -> Vec<(f64, f64)> {
        let (low, high) = match self {
            Self::Values(low, high) => {
                return values.iter().copied().filter(|(value, _)| *value > low && *value <= high).collect();
            }
            Self::Percent(low, high) => (low, high),
        };
        let (total, _) = weigh(values);
        let (from, to) = (total * low / 100.0, total * high / 100.0);
        let (mut passed, mut kept) = (0.0_f64, Vec::new());
        for (value, count) in values {
            let count_kept = (passed + count).min(to) - passed.max(from);
            if count_kept > 0.0 {
                kept.push((*value, count_kept));
            }
            passed += count;
        }
        kept
    }

    /// Values outside become the bound.
    fn press(self, values: &[(f64, f64)]) -> Option<Vec<(f64, f64)>> {
        let (low, high) = match self {
            Self::Values(low, high) => (low, high),
            Self::Percent(low, high) => (percentile(values, low)?, percentile(values, high)?),
        };
        Some(values.iter().map(|(value, count)| (value.clamp(low, high), *count)).collect())
    }
}

/// The count of some values, and their sum.
fn weigh(values: &[(f64, f64)]) -> (f64, f64) {
    values.iter().fold((0.0, 0.0), |(all, sum), (value, count)| (all + count, sum + value * count))
}

/// The smallest value that is not below `percent` of all.
fn percentile(values: &[(f64, f64)], percent: f64) -> Option<f64> {
    let wanted = weigh(values).0 * percent / 100.0;
    let mut passed = 0.0;
    for (value, count) in values {
        passed += count;
        // What rounding leaves must not push it to the next value.
        if passed + 1e-9 >= wanted {
            return Some(*value);
        }
    }
    values.last().map(|(value, _)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(statistic: &str, expected: Option<f64>) {
        let mut aggregate = Aggregate::default();
        (1..=100).for_each(|value| aggregate.add(f64::from(value), 1.0));
        let found = Statistic::parse(statistic).unwrap_or_else(|| panic!("{statistic}")).of(&aggregate);
        let close = found.zip(expected).is_some_and(|(found, expected)| (found - expected).abs() < 1e-9);
        assert!(close || found == expected, "{statistic}: {found:?}, not {expected:?}");
    }

    #[test]
    fn one_to_a_hundred() {
        check("SampleCount", Some(100.0));
        check("Sum", Some(5050.0));
        check("Average", Some(50.5));
        check("p0", Some(1.0));
        check("p50", Some(50.0));
        check("p99.9", Some(100.0));
        check("p100", Some(100.0));
        check("tm90", Some(45.5));
        check("TM(10%:90%)", Some(50.5));
        check("TM(10:20)", Some(15.5));
        check("IQM", Some(50.5));
        check("tc90", Some(90.0));
        check("TC(:10)", Some(10.0));
        check("ts10", Some(55.0));
        check("wm90", Some((4095.0 + 900.0) / 100.0));
        check("PR(:30)", Some(30.0));
        check("PR(90:)", Some(10.0));
        check("TM(200:300)", None);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(p|tm|TC|wm|PR|)[(]?\\PC{0,12}[)]?") {
            if let Some(statistic) = Statistic::parse(&text) {
                let mut aggregate = Aggregate::default();
                aggregate.add(1.0, 2.0);
                let _ = (statistic.of(&aggregate), statistic.of(&Aggregate::default()));
            }
        }
    }

    #[test]
    fn what_is_no_statistic_is_refused() {
        for bad in [
            "",
            "p",
            "p101",
            "p-1",
            "p9.12345678901",
            "median",
            "tm",
            "TM()",
            "TM(:)",
            "TM(90%:10%)",
            "PR(10%:20%)",
            "pr90",
        ] {
            assert_eq!(Statistic::parse(bad), None, "{bad}");
        }
        assert_eq!(Statistic::parse("tm100"), Some(Statistic::TrimmedMean(Bounds::Percent(0.0, 100.0))));
    }
}
