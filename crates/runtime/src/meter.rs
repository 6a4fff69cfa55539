//! What is measured of an invocation: billed time, memory.

use std::fs;
use std::time::Duration;

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
