//! What REPORT says of an invocation: time, billed time, memory.

use std::fs;
use std::time::Duration;

use crate::contract::Report;

/// How an invocation's billed time is reckoned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Billing {
    /// Whole milliseconds, the initialization of a cold start included.
    #[default]
    Current,
    /// Steps of 100 ms, without the initialization: how AWS reckoned until 2020.
    Year2017,
}

impl Billing {
    pub fn billed(self, duration: Duration, init: Option<Duration>) -> Duration {
        let (step_us, counted) = match self {
            Self::Current => (1_000, duration + init.unwrap_or_default()),
            Self::Year2017 => (100_000, duration),
        };
        let steps = counted.as_micros().div_ceil(step_us).max(1);
        Duration::from_micros(u64::try_from(steps * step_us).unwrap_or(u64::MAX))
    }
}

/// How an invocation that AWS's report marks did end.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    Timeout,
    Error(String),
}

/// Shape: the fields are parted by tabs, and a tab follows the last one.
/// Source: recorded log events of an invocation; `Status` as AWS's reports of failed invocations show it since 2024.
pub fn report_line(request_id: &str, report: &Report, mark: Option<&Mark>) -> String {
    let ms = |duration: Duration| format!("{:.2} ms", duration.as_secs_f64() * 1000.0);
    let mut line = format!(
        "REPORT RequestId: {request_id}\tDuration: {}\tBilled Duration: {} ms\tMemory Size: {} MB\tMax Memory Used: {} MB\t",
        ms(report.duration),
        report.billed.as_millis(),
        report.memory_mb,
        report.max_memory_mb,
    );
    if let Some(init) = report.init {
        line.push_str(&format!("Init Duration: {}\t", ms(init)));
    }
    match mark {
        Some(Mark::Timeout) => line.push_str("Status: timeout"),
        Some(Mark::Error(kind)) => line.push_str(&format!("Status: error\tError Type: {kind}")),
        None => {}
    }
    line.push('\n');
    line
}

/// Source: Lambda Developer Guide, "Understanding the Lambda execution environment lifecycle", failures in Init.
pub fn init_report_line(init: Duration, phase: &str, mark: &Mark) -> String {
    let status = match mark {
        Mark::Timeout => "Status: timeout".to_owned(),
        Mark::Error(kind) => format!("Status: error\tError Type: {kind}"),
    };
    format!("INIT_REPORT Init Duration: {:.2} ms\tPhase: {phase}\t{status}\n", init.as_secs_f64() * 1000.0)
}

/// The most memory that a process and its descendants have held, in megabytes.
pub fn peak_memory_mb(pid: u32) -> u32 {
    let mut kilobytes = 0;
    let mut pids = vec![pid];
    // A function may start many processes; the bound keeps the report cheap.
    for _ in 0..64 {
        let Some(pid) = pids.pop() else { break };
        kilobytes += peak_kilobytes(pid);
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        pids.extend(children.split_ascii_whitespace().filter_map(|child| child.parse::<u32>().ok()));
    }
    u32::try_from(kilobytes.div_ceil(1024)).unwrap_or(u32::MAX)
}

fn peak_kilobytes(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.split_ascii_whitespace().next()?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(init: Option<Duration>) -> Report {
        Report {
            duration: Duration::from_micros(1_230),
            billed: Billing::Current.billed(Duration::from_micros(1_230), init),
            init,
            memory_mb: 128,
            max_memory_mb: 40,
            log_stream: "s".into(),
        }
    }

    #[test]
    fn a_cold_start_is_billed_with_its_initialization() {
        let line = report_line("id", &report(Some(Duration::from_micros(90_120))), None);
        assert_eq!(
            line,
            "REPORT RequestId: id\tDuration: 1.23 ms\tBilled Duration: 92 ms\tMemory Size: 128 MB\t\
             Max Memory Used: 40 MB\tInit Duration: 90.12 ms\t\n"
        );
    }

    #[test]
    fn a_warm_start_has_no_initialization() {
        let line = report_line("id", &report(None), Some(&Mark::Timeout));
        assert!(
            line.ends_with("Billed Duration: 2 ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB\tStatus: timeout\n")
        );
    }

    #[test]
    fn the_rule_of_2017_rounds_up_to_100_ms_and_leaves_the_initialization_out() {
        let billed = |ms| Billing::Year2017.billed(Duration::from_millis(ms), Some(Duration::from_secs(1))).as_millis();
        assert_eq!([billed(0), billed(1), billed(100), billed(101)], [100, 100, 100, 200]);
    }

    #[test]
    fn this_process_holds_memory() {
        assert!(peak_memory_mb(std::process::id()) > 0);
    }
}
