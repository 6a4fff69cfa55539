//! What state the data give an alarm.
//! Source: CloudWatch User Guide, "Alarm evaluation" and "Configuring how CloudWatch alarms treat missing data".

use kernel::Timestamp;

use super::reason::{Evaluated, data, words};
use super::{Alarm, State, TreatMissing};
use crate::limits::EXTRA_ALARM_POINTS;
use crate::model::statistic::Statistic;

/// A period of the metric in which values came. Units: seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    pub start: i64,
    pub value: f64,
    pub samples: f64,
}

/// What an evaluation leads to.
#[derive(Debug, PartialEq)]
pub(crate) struct Verdict {
    pub state: State,
    pub reason: String,
    pub data: String,
}

/// Periods that are looked at: AWS looks further back than it has to, for data points that are missing.
pub(crate) fn points_wanted(alarm: &Alarm) -> u32 {
    alarm.evaluation_periods.saturating_add(EXTRA_ALARM_POINTS)
}

/// Shape: `range` has the newest period first, and `None` where nothing came. `None`: the alarm stays as it is.
pub(crate) fn evaluate(alarm: &Alarm, range: &[Option<Point>], now: Timestamp) -> Option<Verdict> {
    let periods = alarm.evaluation_periods as usize;
    let found = || range.iter().enumerate().filter_map(|(age, point)| Some((age, (*point)?)));
    let used: Vec<(usize, Point)> = found().take(periods).collect();
    let filled = periods - used.len();
    if used.iter().any(|(_, point)| has_too_few(alarm, point)) {
        return None;
    }
    let breaches = |point: &Point| alarm.operator.breaches(point.value, alarm.threshold);
    let breaching = used.iter().filter(|(_, point)| breaches(point)).count();
    let needed = alarm.needed() as usize;
    let of = |alarmed: bool| if alarmed { State::Alarm } else { State::Ok };
    let treated = alarm.treat_missing_data.unwrap_or(TreatMissing::Missing);
    let state = match treated {
        _ if filled == 0 => of(breaching >= needed),
        TreatMissing::Breaching => of(breaching + filled >= needed),
        TreatMissing::NotBreaching => of(breaching >= needed),
        _ if breaching >= needed => State::Alarm,
        _ if breaching < used.len() => State::Ok,
        TreatMissing::Ignore => return None,
        TreatMissing::Missing => {
            // Everything that came breaches: it is enough if the oldest of it is old enough.
            let oldest = used.last().map(|(age, _)| age + 1);
            match oldest {
                None => State::InsufficientData,
                Some(age) if age >= needed => State::Alarm,
                Some(_) => return None,
            }
        }
    };
    let treated = matches!(treated, TreatMissing::Breaching | TreatMissing::NotBreaching).then_some(treated);
    let evaluated = Evaluated {
        points: used.iter().map(|(_, point)| *point).collect(),
        breaching: used.iter().map(|(_, point)| breaches(point)).collect(),
        filled: treated.filter(|_| filled > 0).map(|treated| (filled, treated)),
    };
    Some(Verdict { state, reason: words(alarm, state, &evaluated), data: data(alarm, &evaluated, now) })
}

/// Source: CloudWatch User Guide, "Percentile-based alarms and low data samples".
fn has_too_few(alarm: &Alarm, point: &Point) -> bool {
    let Some(Statistic::Percentile(percent)) = alarm.parsed_statistic() else { return false };
    let tail = if percent >= 50.0 { 100.0 - percent } else { percent };
    let needed = 1_000.0 / tail;
    alarm.low_samples.as_deref() == Some("ignore") && point.samples < needed
}

#[cfg(test)]
mod tests {
    use super::super::reason::tests::alarm;
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_040);

    /// `0`: within, `X`: breaching, `-`: missing; the newest last, as AWS writes it.
    fn range(text: &str) -> Vec<Option<Point>> {
        let point = |(age, what): (usize, char)| {
            let start = 1_699_999_980 - 60 * i64::try_from(age).unwrap();
            let value = |value| Some(Point { start, value, samples: 1.0 });
            match what {
                '0' => value(1.0),
                'X' => value(9.0),
                _ => None,
            }
        };
        text.chars().rev().filter(|c| *c != ' ').enumerate().map(point).collect()
    }

    fn check(periods: u32, needed: u32, text: &str, expected: [Option<State>; 4]) {
        let treatments =
            [TreatMissing::Missing, TreatMissing::Ignore, TreatMissing::Breaching, TreatMissing::NotBreaching];
        for (treat, expected) in treatments.into_iter().zip(expected) {
            let alarm = Alarm {
                evaluation_periods: periods,
                datapoints_to_alarm: Some(needed),
                treat_missing_data: Some(treat),
                ..alarm()
            };
            let state = evaluate(&alarm, &range(text), NOW).map(|verdict| verdict.state);
            assert_eq!(state, expected, "{text} {treat:?}");
        }
    }

    #[test]
    fn three_of_three_as_the_user_guide_tables_them() {
        let (ok, alarm) = (Some(State::Ok), Some(State::Alarm));
        check(3, 3, "0 - X - X", [ok; 4]);
        check(3, 3, "- - - - 0", [ok; 4]);
        check(3, 3, "- - - - -", [Some(State::InsufficientData), None, alarm, ok]);
        check(3, 3, "0 X X - X", [alarm; 4]);
        check(3, 3, "- - X - -", [alarm, None, alarm, ok]);
    }

    #[test]
    fn two_of_three_as_the_user_guide_tables_them() {
        let (ok, alarm) = (Some(State::Ok), Some(State::Alarm));
        check(3, 2, "0 - X - X", [alarm; 4]);
        check(3, 2, "0 0 X 0 X", [alarm; 4]);
        check(3, 2, "0 - X - -", [ok, ok, alarm, ok]);
        check(3, 2, "- - - - 0", [ok, ok, alarm, ok]);
        check(3, 2, "- - - X -", [alarm, None, alarm, ok]);
    }

    #[test]
    fn a_single_young_data_point_is_no_alarm_yet() {
        check(3, 3, "- - - - X", [None, None, Some(State::Alarm), Some(State::Ok)]);
    }

    #[test]
    fn a_percentile_of_few_samples_changes_nothing_if_they_are_ignored() {
        let few = Alarm { statistic: None, extended_statistic: Some("p90".into()), ..alarm() };
        assert!(evaluate(&few, &range("X X X"), NOW).is_some());
        let few = Alarm { low_samples: Some("ignore".into()), ..few };
        assert_eq!(evaluate(&few, &range("X X X"), NOW), None);
        let enough = range("X X X").into_iter().map(|point| point.map(|point| Point { samples: 100.0, ..point }));
        assert!(evaluate(&few, &enough.collect::<Vec<_>>(), NOW).is_some());
    }
}
