//! GetMetricData.

use api_cloudwatch::types::{
    GetMetricDataInput, GetMetricDataOutput, Metric, MetricDataQuery, MetricDataResult, ScanBy, StatusCode,
};
use kernel::{Cx, Timestamp};
use wire::ApiError;

use crate::error::{Error, Result};
use crate::limits::{DATA_POINTS_MAX, QUERIES_MAX, QUERY_PERIODS_MAX};
use crate::model::faults::Faults;
use crate::model::label::{Labelled, defaults, fill};
use crate::model::names::{check_dimensions, check_name, check_namespace};
use crate::model::period::{is_period, round_start};
use crate::model::series::Series;
use crate::model::statistic::Statistic;
use crate::model::unit::Unit;
use crate::reader::Wanted;
use crate::records::Place;
use crate::service::Service;

/// A query that was checked.
struct Query {
    id: String,
    label: Option<String>,
    place: Place,
    series: Series,
    statistic_text: String,
    statistic: Statistic,
    wanted: Wanted,
}

/// Where the next page begins: at which query, behind which time, and how many data points of that time were given (units can
/// share one).
#[derive(Clone, Copy, Default)]
struct Position {
    query: usize,
    behind: Option<i64>,
    given: usize,
}

impl Service {
    /// Shape:  results in the order of the queries, the newest data points first unless asked otherwise. A query that does not
    ///         fit on the page is `PartialData`, and goes on on the next one.
    /// Errors: `ValidationError`; 501 for expressions.
    pub(crate) async fn metric_data(&self, cx: &Cx, input: GetMetricDataInput) -> Result<GetMetricDataOutput> {
        let queries = self.read_queries(cx, &input)?;
        let most = match input.max_datapoints {
            Some(most) => {
                usize::try_from(most).ok().filter(|most| (1..=DATA_POINTS_MAX).contains(most)).ok_or_else(|| {
                    let range = format!("between 1 and {DATA_POINTS_MAX}");
                    Error::Validation(format!("The value {most} for parameter MaxDatapoints is not {range}.\n"))
                })?
            }
            None => DATA_POINTS_MAX,
        };
        let ascending = input.scan_by == Some(ScanBy::TimestampAscending);
        let parameters =
            format!("{:?} {:?} {:?} {ascending}", input.metric_data_queries, input.start_time, input.end_time);
        let begin = self.open_token(cx, "GetMetricData", &parameters, input.next_token.as_deref())?;
        let begin = begin.map_or(Some(Position::default()), |at| Position::read(&at)).ok_or(Error::InvalidToken)?;
        let labelled: Vec<_> = queries.iter().map(Query::labelled).collect();
        let labels = defaults(&labelled);
        let (mut results, mut room, mut next) = (Vec::new(), most, None);
        for (number, (query, label)) in queries.iter().zip(labels).enumerate().skip(begin.query) {
            if room == 0 {
                next = Some(Position { query: number, ..Position::default() });
                break;
            }
            let points = self.points_of(query, ascending).await?;
            let first = if number == begin.query { begin.first_of(&points, ascending) } else { 0 };
            let page: Vec<_> = points.iter().skip(first).take(room).copied().collect();
            let whole = first + page.len() == points.len();
            room -= page.len();
            results.push(query.result(label, &points, &page, whole, ascending));
            if !whole {
                next = page.last().map(|(last, _)| Position::behind(number, *last, points.get(..first + page.len())));
                break;
            }
        }
        Ok(GetMetricDataOutput {
            metric_data_results: Some(results),
            next_token: next.map(|at| self.give_token(cx, "GetMetricData", &parameters, &at.written())),
            messages: Some(Vec::new()),
        })
    }

    async fn points_of(&self, query: &Query, ascending: bool) -> Result<Vec<(i64, f64)>> {
        let periods = self.read(&query.place, &query.series, query.wanted).await?;
        let value = |((start, _), aggregate): (&(i64, Unit), &_)| Some((*start, query.statistic.of(aggregate)?));
        let points = periods.iter().filter_map(value);
        Ok(if ascending { points.collect() } else { points.rev().collect() })
    }

    /// Queries of which the data are asked for.
    fn read_queries(&self, cx: &Cx, input: &GetMetricDataInput) -> Result<Vec<Query>> {
        let mut faults = String::new();
        let mut fault = |words: String| {
            faults.push_str(&words);
            faults.push('\n');
        };
        if input.start_time == input.end_time {
            fault("The parameter StartTime must not equal parameter EndTime.".to_owned());
        } else if input.start_time > input.end_time {
            fault("The parameter StartTime must be less than parameter EndTime.".to_owned());
        }
        let all = &input.metric_data_queries;
        if all.is_empty() {
            fault("The parameter MetricDataQueries is required.".to_owned());
        }
        if all.len() > QUERIES_MAX {
            fault(format!("The collection MetricDataQueries must not have a size greater than {QUERIES_MAX}."));
        }
        let mut queries = Vec::new();
        for (number, query) in all.iter().enumerate().take(QUERIES_MAX) {
            let at = format!("MetricDataQueries.member.{}", number + 1);
            if !is_id(&query.id) {
                let pattern = "^[a-z][a-zA-Z0-9_]*$";
                fault(format!(
                    "The value {} for parameter {at}.Id is not matching the expected pattern {pattern}.",
                    query.id
                ));
            } else if all.iter().take(number).any(|other| other.id == query.id) {
                fault(format!("The values for parameter Id in MetricDataQueries are not unique: {}.", query.id));
            }
            match self.read_query(cx, &at, query, input)? {
                Ok(read) if query.return_data != Some(false) => queries.push(read),
                Ok(_) => {}
                Err(words) => fault(words),
            }
        }
        if faults.is_empty() { Ok(queries) } else { Err(Error::Validation(faults)) }
    }

    fn read_query(
        &self,
        cx: &Cx,
        at: &str,
        query: &MetricDataQuery,
        input: &GetMetricDataInput,
    ) -> Result<Result<Query, String>> {
        if query.expression.is_some() && query.metric_stat.is_some() {
            let words = "are mutually exclusive and you have specified both.";
            return Ok(Err(format!("The parameters {at}.MetricStat and {at}.Expression {words}")));
        }
        if let Some(expression) = &query.expression {
            let words = format!("GetMetricData with an expression ({expression})");
            return Err(ApiError::not_implemented("cloudwatch", &words).into());
        }
        if query.account_id.as_deref().is_some_and(|account| account != cx.account.as_str()) {
            return Err(ApiError::not_implemented("cloudwatch", "GetMetricData of another account").into());
        }
        let Some(stat) = &query.metric_stat else {
            let words = "Either MetricStat or Expression must be specified for parameter";
            return Ok(Err(format!("{words} {at}.")));
        };
        let Some(statistic) = Statistic::parse(&stat.stat) else {
            return Ok(Err(format!("The value for parameter {at}.MetricStat.Stat is not a valid statistic.")));
        };
        if !is_period(stat.period) {
            return Ok(Err(format!("The parameter {at}.MetricStat.Period must be a multiple of 60.")));
        }
        let (Some(namespace), Some(name)) = (&stat.metric.namespace, &stat.metric.metric_name) else {
            let missing = if stat.metric.namespace.is_none() { "Namespace" } else { "MetricName" };
            return Ok(Err(format!("The parameter {at}.MetricStat.Metric.{missing} is required.")));
        };
        if let Some(words) = faults_of(&format!("{at}.MetricStat.Metric"), &stat.metric) {
            return Ok(Err(words));
        }
        let period = u32::try_from(stat.period).unwrap_or(60);
        let start = round_start(input.start_time.secs(), period, self.wall().secs());
        let end = input.end_time.millis().saturating_add(999).div_euclid(1000);
        if (end - start) / i64::from(period) > QUERY_PERIODS_MAX {
            return Ok(Err(format!("The time range of parameter {at} holds more than {QUERY_PERIODS_MAX} periods.")));
        }
        let dimensions = stat.metric.dimensions.iter().flatten().map(|d| (d.name.clone(), d.value.clone())).collect();
        let unit = stat.unit.as_ref().map(|unit| Unit::of(Some(unit)));
        Ok(Ok(Query {
            id: query.id.clone(),
            place: Place::of(cx),
            label: query.label.clone(),
            series: Series::new(namespace, name, dimensions),
            statistic_text: stat.stat.clone(),
            statistic,
            wanted: Wanted { start, end, period, unit, values: statistic.needs_values() },
        }))
    }
}

impl Query {
    fn labelled(&self) -> Labelled<'_> {
        let period = self.wanted.period;
        Labelled { series: &self.series, statistic: &self.statistic_text, period, place: &self.place }
    }

    fn result(
        &self,
        default_label: String,
        points: &[(i64, f64)],
        page: &[(i64, f64)],
        whole: bool,
        ascending: bool,
    ) -> MetricDataResult {
        let label = match &self.label {
            None => default_label,
            Some(label) => {
                let mut values: Vec<f64> = points.iter().map(|(_, value)| *value).collect();
                if !ascending {
                    values.reverse();
                }
                fill(label, &default_label, &self.labelled(), &values)
            }
        };
        MetricDataResult {
            id: Some(self.id.clone()),
            label: Some(label),
            timestamps: Some(page.iter().map(|(start, _)| Timestamp::from_secs(*start)).collect()),
            values: Some(page.iter().map(|(_, value)| *value).collect()),
            status_code: Some(if whole { StatusCode::Complete } else { StatusCode::PartialData }),
            messages: None,
        }
    }
}

impl Position {
    fn behind(query: usize, last: i64, given: Option<&[(i64, f64)]>) -> Self {
        let given = given.into_iter().flatten().filter(|(start, _)| *start == last).count();
        Self { query, behind: Some(last), given }
    }

    /// The first data point that was not given. What has come meanwhile shifts nothing.
    fn first_of(self, points: &[(i64, f64)], ascending: bool) -> usize {
        let Some(behind) = self.behind else { return 0 };
        let before = points.iter().take_while(|(start, _)| if ascending { *start < behind } else { *start > behind });
        (before.count() + self.given).min(points.len())
    }

    fn written(self) -> Vec<u8> {
        let behind = u64::try_from(self.behind.map_or(0, |behind| behind + 1)).unwrap_or(0);
        [self.query as u64, behind, self.given as u64].iter().flat_map(|number| number.to_be_bytes()).collect()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (query, rest) = bytes.split_first_chunk::<8>()?;
        let (behind, rest) = rest.split_first_chunk::<8>()?;
        let (given, _) = rest.split_first_chunk::<8>()?;
        let number = |bytes: &[u8; 8]| usize::try_from(u64::from_be_bytes(*bytes)).ok();
        let behind = i64::try_from(u64::from_be_bytes(*behind)).ok()?;
        Some(Self { query: number(query)?, behind: (behind > 0).then(|| behind - 1), given: number(given)? })
    }
}

/// What is wrong with the names of a metric, a line each.
fn faults_of(at: &str, metric: &Metric) -> Option<String> {
    let mut faults = Faults::default();
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    check_namespace(&format!("{at}.Namespace"), &text(&metric.namespace), &mut faults);
    check_name(&format!("{at}.MetricName"), &text(&metric.metric_name), &mut faults);
    let dimensions = metric.dimensions.as_deref().unwrap_or_default();
    check_dimensions(&format!("{at}.Dimensions"), dimensions, &mut faults);
    let lines: Vec<String> = faults.lines().collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Source: CloudWatch API Reference, MetricDataQuery, `Id`.
fn is_id(id: &str) -> bool {
    id.starts_with(|first: char| first.is_ascii_lowercase())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
