//! Labels of GetMetricData that nobody has given, and the dynamic parts of those that somebody has.

use super::series::Series;
use super::statistic::Statistic;
use crate::model::aggregate::Aggregate;

/// A query as its label sees it.
pub(crate) struct Labelled<'a> {
    pub series: &'a Series,
    pub statistic: &'a str,
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
    let label = |query: &Labelled<'_>| {
        let mut words = vec![query.series.name.as_str()];
        if dimensions && !names {
            words.extend(query.series.dimensions.iter().map(|(_, value)| value.as_str()));
        }
        if statistics {
            words.push(query.statistic);
        }
        words.join(" ")
    };
    queries.iter().map(label).collect()
}

/// Puts values into `${…}`.
/// Source: CloudWatch User Guide, "Use dynamic labels"; those about times and axes stay as they are.
pub(crate) fn fill(label: &str, query: &Labelled<'_>, period: u32, values: &[f64]) -> String {
    let mut out = String::new();
    let mut rest = label;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let Some((inside, after)) = after.split_once('}') else {
            out.push_str("${");
            rest = after;
            continue;
        };
        match dynamic(inside.trim(), query, period, values) {
            Some(text) => out.push_str(&text),
            None => out.push_str(&format!("${{{inside}}}")),
        }
        rest = after;
    }
    out + rest
}

fn dynamic(inside: &str, query: &Labelled<'_>, period: u32, values: &[f64]) -> Option<String> {
    let property = inside.strip_prefix("PROP('").and_then(|rest| rest.strip_suffix("')"));
    if let Some(property) = property {
        return Some(match property {
            "Namespace" => query.series.namespace.clone(),
            "MetricName" => query.series.name.clone(),
            "Stat" => query.statistic.to_owned(),
            "Period" => period.to_string(),
            other => {
                let name = other.strip_prefix("Dim.")?;
                query.series.dimensions.iter().find(|(known, _)| known == name)?.1.clone()
            }
        });
    }
    let mut aggregate = Aggregate::default();
    values.iter().for_each(|value| aggregate.add(*value, 1.0));
    let of = |statistic: Statistic| statistic.of(&aggregate).map(|value| value.to_string());
    match inside {
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

    fn series(name: &str, value: &str) -> Series {
        Series::new("n", name, vec![("d".into(), value.into())])
    }

    #[test]
    fn a_label_says_what_differs() {
        let check = |queries: &[(&Series, &str)], expected: &[&str]| {
            let queries: Vec<_> = queries.iter().map(|(series, statistic)| Labelled { series, statistic }).collect();
            assert_eq!(defaults(&queries), expected);
        };
        let (a, b, other) = (series("m", "a"), series("m", "b"), series("o", "b"));
        check(&[(&a, "Sum")], &["m"]);
        check(&[(&a, "Sum"), (&a, "Average")], &["m Sum", "m Average"]);
        check(&[(&a, "Sum"), (&b, "Sum")], &["m a", "m b"]);
        check(&[(&a, "Sum"), (&other, "Sum")], &["m", "o"]);
    }

    proptest! {
        #[test]
        fn no_label_panics(label in "(\\$|\\{|\\}|PROP|MAX|['().]|\\PC){0,12}") {
            let series = series("m", "a");
            fill(&label, &Labelled { series: &series, statistic: "Sum" }, 60, &[]);
        }
    }

    #[test]
    fn dynamic_parts_are_filled_and_unknown_ones_stay() {
        let series = series("m", "a");
        let query = Labelled { series: &series, statistic: "Sum" };
        let filled = fill("${PROP('MetricName')} ${PROP('Dim.d')}: ${MAX} ${X} ${", &query, 60, &[1.0, 2.5]);
        assert_eq!(filled, "m a: 2.5 ${X} ${");
    }
}
