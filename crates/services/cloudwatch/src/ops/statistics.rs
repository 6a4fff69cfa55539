//! GetMetricStatistics.

use std::cmp::Reverse;

use api_cloudwatch::types::{Datapoint, GetMetricStatisticsInput, GetMetricStatisticsOutput, Statistic as Named};
use kernel::{Cx, Timestamp};

use crate::error::{Error, Result};
use crate::limits::STATISTICS_POINTS_MAX;
use crate::model::aggregate::Aggregate;
use crate::model::faults::Faults;
use crate::model::names::{check_dimensions, check_name, check_namespace};
use crate::model::period::{is_period, round_start};
use crate::model::series::Series;
use crate::model::statistic::Statistic;
use crate::model::unit::Unit;
use crate::reader::Wanted;
use crate::records::Place;
use crate::service::Service;

impl Service {
    /// Shape:  data points by time; of one time, one for each unit.
    /// Errors: `InvalidParameterCombination` for more than 1,440 periods.
    pub(crate) async fn statistics(
        &self,
        cx: &Cx,
        input: GetMetricStatisticsInput,
    ) -> Result<GetMetricStatisticsOutput> {
        let mut faults = Faults::default();
        check_namespace("Namespace", &input.namespace, &mut faults);
        check_name("MetricName", &input.metric_name, &mut faults);
        check_dimensions("Dimensions", input.dimensions.as_deref().unwrap_or_default(), &mut faults);
        faults.result()?;
        let extended = read_extended(&input)?;
        let wanted = self.wanted(&input)?;
        let dimensions = input.dimensions.into_iter().flatten().map(|d| (d.name, d.value)).collect();
        let series = Series::new(&input.namespace, &input.metric_name, dimensions);
        let periods = self.read(&Place::of(cx), &series, wanted).await?;
        let mut periods: Vec<_> = periods.into_iter().collect();
        // Recorded: units come from the last of the API's list to the first.
        periods.sort_by_key(|((start, unit), _)| (*start, Reverse(*unit)));
        let named = input.statistics.unwrap_or_default();
        let point = |((start, unit), aggregate): ((i64, Unit), Aggregate)| {
            datapoint(start, unit, &aggregate, &named, &extended)
        };
        let datapoints = periods.into_iter().map(point).collect();
        Ok(GetMetricStatisticsOutput { label: Some(input.metric_name), datapoints: Some(datapoints) })
    }

    fn wanted(&self, input: &GetMetricStatisticsInput) -> Result<Wanted> {
        if !is_period(input.period) {
            return Err(Error::Invalid("The parameter Period must be a multiple of 60.".to_owned()));
        }
        let (start, end) = (input.start_time, input.end_time);
        if start >= end {
            let words = "The parameter StartTime must be less than the parameter EndTime.";
            return Err(Error::Combination(words.to_owned()));
        }
        let period = u32::try_from(input.period).unwrap_or(60);
        let start = round_start(start.secs(), period, self.wall().secs());
        // Exclusive, to the millisecond.
        let end = end.millis().saturating_add(999).div_euclid(1000);
        let asked = (end - start + i64::from(period) - 1) / i64::from(period);
        if asked > STATISTICS_POINTS_MAX {
            return Err(Error::Combination(format!(
                "You have requested up to {asked} datapoints, which exceeds the limit of {STATISTICS_POINTS_MAX}. You may \
                 reduce the datapoints requested by increasing Period, or decreasing the time range."
            )));
        }
        let unit = input.unit.as_ref().map(|unit| Unit::of(Some(unit)));
        Ok(Wanted { start, end, period, unit, values: input.extended_statistics.is_some() })
    }
}

fn read_extended(input: &GetMetricStatisticsInput) -> Result<Vec<(String, Statistic)>> {
    let (named, extended) = (input.statistics.is_some(), input.extended_statistics.as_ref());
    match (named, extended) {
        (true, Some(_)) => {
            let words =
                "The parameters Statistics and ExtendedStatistics are mutually exclusive and you have specified both.";
            Err(Error::Combination(words.to_owned()))
        }
        (false, None) => {
            let words = "At least one of the parameters Statistics and ExtendedStatistics must be specified.";
            Err(Error::Combination(words.to_owned()))
        }
        (true, None) => Ok(Vec::new()),
        (false, Some(extended)) => {
            let read = |(number, text): (usize, &String)| {
                let statistic = Statistic::parse_extended(text).ok_or_else(|| {
                    let at = format!("ExtendedStatistics.member.{}", number + 1);
                    Error::Invalid(format!("The value {text} for parameter {at} is invalid."))
                })?;
                Ok((text.clone(), statistic))
            };
            extended.iter().enumerate().map(read).collect()
        }
    }
}

fn datapoint(
    start: i64,
    unit: Unit,
    aggregate: &Aggregate,
    named: &[Named],
    extended: &[(String, Statistic)],
) -> Datapoint {
    let of = |name: Named, statistic: Statistic| named.contains(&name).then(|| statistic.of(aggregate)).flatten();
    let extended = extended.iter().filter_map(|(text, statistic)| Some((text.clone(), statistic.of(aggregate)?)));
    let extended: wire::Map<f64> = extended.collect();
    Datapoint {
        timestamp: Some(Timestamp::from_secs(start)),
        sample_count: of(Named::SampleCount, Statistic::SampleCount),
        average: of(Named::Average, Statistic::Average),
        sum: of(Named::Sum, Statistic::Sum),
        minimum: of(Named::Minimum, Statistic::Minimum),
        maximum: of(Named::Maximum, Statistic::Maximum),
        unit: Some(unit.standard()),
        extended_statistics: (!extended.is_empty()).then_some(extended),
    }
}
