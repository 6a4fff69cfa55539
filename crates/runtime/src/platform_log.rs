//! What the platform itself writes into a function's log: lines of text, or JSON records of the levels that are wanted.
//!
//! Source: recorded log events for text; for JSON the Lambda Developer Guide, "Working with Lambda function logs" (log formats,
//! and the table of system events and their levels), the Telemetry API's event schema, and logs of AWS that were published.

use std::time::Duration;

use kernel::Timestamp;
use serde_json::{Value, json};

use crate::contract::{FunctionSpec, Initialization, LogFormat, LogLevel, Report};

/// What the platform has to say.
pub enum PlatformEvent<'a> {
    InitStart {
        initialization: Initialization,
        version: &'a str,
        version_arn: &'a str,
    },
    /// Text says it only of an initialization that failed.
    InitDone {
        initialization: Initialization,
        took: Duration,
        phase: &'a str,
        mark: Option<&'a Mark>,
    },
    Start {
        request_id: &'a str,
    },
    Done {
        request_id: &'a str,
        report: &'a Report,
        mark: Option<&'a Mark>,
        produced_bytes: usize,
    },
}

impl PlatformEvent<'_> {
    /// The event as the function's log shall have it.
    pub fn lines(&self, spec: &FunctionSpec, log_stream: &str, at: Timestamp) -> Vec<String> {
        match spec.log_format {
            LogFormat::Text => self.text(spec),
            LogFormat::Json { system, .. } => {
                let records = self.records(spec, log_stream).into_iter();
                records.filter(|record| record.level >= system).map(|record| record.line(at)).collect()
            }
        }
    }

    fn text(&self, spec: &FunctionSpec) -> Vec<String> {
        match self {
            Self::InitStart { version, version_arn, .. } => {
                vec![format!("INIT_START Runtime Version: {version}\tRuntime Version ARN: {version_arn}\n")]
            }
            Self::InitDone { mark: None, .. } => Vec::new(),
            Self::InitDone { took, phase, mark: Some(mark), .. } => vec![init_report_line(*took, phase, mark)],
            Self::Start { request_id } => vec![format!("START RequestId: {request_id} Version: {}\n", spec.version)],
            Self::Done { request_id, report, mark, .. } => {
                vec![format!("END RequestId: {request_id}\n"), report_line(request_id, report, *mark)]
            }
        }
    }

    fn records(&self, spec: &FunctionSpec, log_stream: &str) -> Vec<Record> {
        match self {
            Self::InitStart { initialization, version, version_arn } => vec![Record::new(
                LogLevel::Info,
                "initStart",
                json!({
                    "initializationType": initialization.as_str(),
                    "phase": "init",
                    "runtimeVersion": version,
                    "runtimeVersionArn": version_arn,
                    "functionName": spec.function_name,
                    "functionVersion": spec.version,
                    "instanceId": log_stream,
                    "instanceMaxMemory": u64::from(spec.memory_mb) << 20,
                }),
            )],
            Self::InitDone { initialization, took, phase, mark } => {
                let level = if mark.is_some() { LogLevel::Warn } else { LogLevel::Debug };
                let mut done = json!({ "initializationType": initialization.as_str(), "phase": phase });
                add_status(&mut done, *mark);
                let mut report = done.clone();
                report["metrics"] = json!({ "durationMs": millis(*took) });
                vec![Record::new(level, "initRuntimeDone", done), Record::new(level, "initReport", report)]
            }
            Self::Start { request_id } => {
                let arn = spec.function_arn.strip_suffix(&format!(":{}", spec.version)).unwrap_or(&spec.function_arn);
                let record = json!({ "requestId": request_id, "functionArn": arn, "version": spec.version });
                vec![Record::new(LogLevel::Info, "start", record)]
            }
            Self::Done { request_id, report, mark, produced_bytes } => {
                let mut done = json!({ "requestId": request_id });
                add_status(&mut done, *mark);
                done["metrics"] = json!({ "durationMs": millis(report.duration), "producedBytes": produced_bytes });
                let mut metrics = json!({
                    "durationMs": millis(report.duration),
                    "billedDurationMs": report.billed.as_millis(),
                    "memorySizeMB": report.memory_mb,
                    "maxMemoryUsedMB": report.max_memory_mb,
                });
                if let Some(init) = report.init {
                    metrics["initDurationMs"] = json!(millis(init));
                }
                let mut reported = json!({ "requestId": request_id, "metrics": metrics });
                add_status(&mut reported, *mark);
                let (done_level, report_level) =
                    if mark.is_some() { (LogLevel::Warn, LogLevel::Warn) } else { (LogLevel::Debug, LogLevel::Info) };
                vec![Record::new(done_level, "runtimeDone", done), Record::new(report_level, "report", reported)]
            }
        }
    }
}

struct Record {
    level: LogLevel,
    kind: &'static str,
    record: Value,
}

impl Record {
    fn new(level: LogLevel, kind: &'static str, record: Value) -> Self {
        Self { level, kind, record }
    }

    fn line(self, at: Timestamp) -> String {
        let kind = format!("platform.{}", self.kind);
        let line = json!({ "time": at.iso8601_millis(), "type": kind, "record": self.record });
        format!("{line}\n")
    }
}

fn add_status(record: &mut Value, mark: Option<&Mark>) {
    match mark {
        None => record["status"] = json!("success"),
        Some(Mark::Timeout) => record["status"] = json!("timeout"),
        Some(Mark::Error(kind)) => {
            record["status"] = json!("error");
            record["errorType"] = json!(kind);
        }
    }
}

/// Milliseconds with three decimals.
fn millis(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1_000.0
}

/// The level of a line that a function or its runtime has written; what names none counts as information.
/// Source: Lambda Developer Guide, "Log-level filtering".
pub fn level_of(message: &str) -> LogLevel {
    #[derive(serde::Deserialize)]
    struct Levelled {
        level: String,
    }
    let levelled = serde_json::from_str::<Levelled>(message).ok();
    levelled.and_then(|levelled| LogLevel::parse(&levelled.level)).unwrap_or(LogLevel::Info)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::Billing;

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
    fn json_records_are_those_of_aws_and_of_the_wanted_level() {
        let lines = |system| {
            let spec = FunctionSpec {
                log_format: LogFormat::Json { application: LogLevel::Info, system },
                ..crate::contract::test_spec("nodejs20.x")
            };
            let report = report(Some(Duration::from_micros(90_120)));
            let done = PlatformEvent::Done { request_id: "id", report: &report, mark: None, produced_bytes: 7 };
            done.lines(&spec, "s", Timestamp::from_secs(0))
        };
        assert_eq!(
            lines(LogLevel::Info),
            ["{\"time\":\"1970-01-01T00:00:00.000Z\",\"type\":\"platform.report\",\"record\":{\"requestId\":\"id\",\
              \"metrics\":{\"durationMs\":1.23,\"billedDurationMs\":92,\"memorySizeMB\":128,\"maxMemoryUsedMB\":40,\
              \"initDurationMs\":90.12},\"status\":\"success\"}}\n"]
        );
        assert_eq!(lines(LogLevel::Debug).len(), 2);
        assert!(lines(LogLevel::Warn).is_empty());
    }

    #[test]
    fn a_line_has_the_level_that_it_names() {
        assert_eq!(level_of(r#"{"timestamp":"t","level":"ERROR","message":"m"}"#), LogLevel::Error);
        assert_eq!(level_of(r#"{"level":"WARNING"}"#), LogLevel::Warn);
        assert_eq!(level_of("[INFO] plain"), LogLevel::Info);
        assert_eq!(level_of(r#"{"level":7}"#), LogLevel::Info);
    }
}
