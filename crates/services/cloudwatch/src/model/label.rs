//! Labels of GetMetricData that nobody has given, and the dynamic parts of those that somebody has.

use super::series::Series;
use super::statistic::Statistic;
use crate::model::aggregate::Aggregate;
use crate::records::Place;

/// A query as its label sees it.
pub(crate) struct Labelled<'a> {
    pub series: &'a Series,
    pub statistic: &'a str,
    pub period: u32,
    pub place: &'a Place,
}

/// Default labels: the name, and what tells the query from the others.
/// Source: recorded (`test_get_metric_data_with_zero_and_labels`: `metric1 Average`, `metric1 Sum`; one query alone: `metric1`).
pub(crate) fn defaults(queries: &[Labelled<'_>]) -> Vec<String> {
    let differ = |of: &dyn Fn(&Labelled<'_>) -> String| {
        queries.windows(2).any(|pair| match pair {
            [one, other] => of(one) != of(other),
            _ => false,
        })
    };
    let names = differ(&|query| format!("{:?}", (&query.series.namespace, &query.series.name)));
    let dimensions = differ(&|query| format!("{:?}", query.series.dimensions));
    let statistics = differ(&|query| query.statistic.to_owned());
    let periods = differ(&|query| query.period.to_string());
    let label = |query: &Labelled<'_>| {
        let mut words = vec![query.series.name.clone()];
        if dimensions && !names {
            words.extend(query.series.dimensions.iter().map(|(_, value)| value.clone()));
        }
        if statistics {
            words.push(query.statistic.to_owned());
        }
        if periods {
            words.push(query.period.to_string());
        }
        words.join(" ")
    };
    queries.iter().map(label).collect()
}

/// Puts values into `${…}`.
/// Source: CloudWatch User Guide, "Use dynamic labels"; those about times and axes stay as they are.
pub(crate) fn fill(label: &str, default: &str, query: &Labelled<'_>, values: &[f64]) -> String {
    let mut out = String::new();
    let mut rest = label;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let Some((inside, after)) = after.split_once('}') else {
            out.push_str("${");
            rest = after;
            continue;
        };
        match dynamic(inside.trim(), default, query, values) {
            Some(text) => out.push_str(&text),
            None => out.push_str(&format!("${{{inside}}}")),
        }
        rest = after;
    }
    out + rest
}

fn dynamic(inside: &str, default: &str, query: &Labelled<'_>, values: &[f64]) -> Option<String> {
    let property = inside.strip_prefix("PROP('").and_then(|rest| rest.strip_suffix("')"));
    if let Some(property) = property {
        return Some(match property {
            "Namespace" => query.series.namespace.clone(),
            "MetricName" => query.series.name.clone(),
            "Stat" => query.statistic.to_owned(),
            "Period" => query.period.to_string(),
            "AccountId" => query.place.account.to_string(),
            "Region" => query.place.region.to_string(),
            other => {
                let name = other.strip_prefix("Dim.")?;
                query.series.dimensions.iter().find(|(known, _)| known == name)?.1.clone()
            }
        });
    }
    let mut aggregate = Aggregate::default();
    values.iter().for_each(|value| aggregate.add(*value, 1.0));
    let of = |statistic: Statistic| statistic.of(&aggregate).map(|value| value.to_string());
    let range = |(low, high): (Option<f64>, Option<f64>)| Some((high? - low?).to_string());
    match inside {
        "LABEL" => Some(default.to_owned()),
        "FIRST_LAST_RANGE" => range((values.first().copied(), values.last().copied())),
        "MIN_MAX_RANGE" => range((Statistic::Minimum.of(&aggregate), Statistic::Maximum.of(&aggregate))),
        "AVG" => of(Statistic::Average),
        "MIN" => of(Statistic::Minimum),
        "MAX" => of(Statistic::Maximum),
        "SUM" => of(Statistic::Sum),
        "DATAPOINT_COUNT" => Some(values.len().to_string()),
        "FIRST" => values.first().map(ToString::to_string),
        "LAST" => values.last().map(ToString::to_string),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn place() -> Place {
        Place { account: kernel::AccountId::default(), region: kernel::Region::new("eu-west-1") }
    }

    fn series(name: &str, value: &str) -> Series {
        Series::new("n", name, vec![("d".into(), value.into())])
    }

    #[test]
    fn a_label_says_what_differs() {
        let check = |queries: &[(&Series, &str, u32)], expected: &[&str]| {
            let place = place();
            let labelled = |(series, statistic, period)| Labelled { series, statistic, period, place: &place };
            assert_eq!(defaults(&queries.iter().copied().map(labelled).collect::<Vec<_>>()), expected);
        };
        let (a, b, other) = (series("m", "a"), series("m", "b"), series("o", "b"));
        check(&[(&a, "Sum", 60)], &["m"]);
        check(&[(&a, "Sum", 60), (&a, "Average", 60)], &["m Sum", "m Average"]);
        check(&[(&a, "Sum", 60), (&b, "Sum", 60)], &["m a", "m b"]);
        check(&[(&a, "Sum", 60), (&other, "Sum", 60)], &["m", "o"]);
        check(&[(&a, "Sum", 60), (&a, "Sum", 300)], &["m 60", "m 300"]);
    }

    proptest! {
        #[test]
        fn no_label_panics(label in "(\\$|\\{|\\}|PROP|MAX|['().]|\\PC){0,12}") {
            let series = series("m", "a");
            let place = place();
            fill(&label, "m", &Labelled { series: &series, statistic: "Sum", period: 60, place: &place }, &[]);
        }
    }

    #[test]
    fn dynamic_parts_are_filled_and_unknown_ones_stay() {
        let series = series("m", "a");
        let place = place();
        let query = Labelled { series: &series, statistic: "Sum", period: 60, place: &place };
        let check = |label, expected| assert_eq!(fill(label, "m Sum", &query, &[1.0, 3.0, 2.5]), expected);
        check("${PROP('MetricName')} ${PROP('Dim.d')}: ${MAX} ${X} ${", "m a: 3 ${X} ${");
        check("${LABEL} ${FIRST_LAST_RANGE} ${MIN_MAX_RANGE}", "m Sum 1.5 2");
        check("${PROP('AccountId')} ${PROP('Region')} ${PROP('Period')}", "000000000000 eu-west-1 60");
    }
}
