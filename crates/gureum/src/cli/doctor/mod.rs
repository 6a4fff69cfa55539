//! `gureum doctor`: what works on this machine and what does not, why that matters, and what to do about it.

mod clients;
mod disk;
mod functions;
mod network;

use std::path::PathBuf;

use config::{Environment, Settings};
use kernel::{Clock, RealClock, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use super::connection::Connection;
use super::{Command, Failure, Report, RunNote, wrong_setting};
use crate::text::{doctor as text, table};

/// Before this was built no clock can be right.
const BUILT_AFTER: Timestamp = Timestamp::from_secs(1_788_220_800);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Ok,
    /// Good to know.
    Note,
    /// Something will surprise.
    Warning,
    /// Something will not work.
    Problem,
}

impl Level {
    fn word(self) -> String {
        match self {
            Self::Ok => text::level_ok(),
            Self::Note => text::level_note(),
            Self::Warning => text::level_warning(),
            Self::Problem => text::level_problem(),
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The same in every language, e.g. `port`.
    pub check: &'static str,
    pub level: Level,
    pub what: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub why: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub fix: String,
}

impl Finding {
    pub fn ok(check: &'static str, what: String) -> Self {
        Self { check, level: Level::Ok, what, why: String::new(), fix: String::new() }
    }

    pub fn new(level: Level, check: &'static str, what: String, why: String, fix: String) -> Self {
        Self { check, level, what, why, fix }
    }

    fn row(&self) -> [String; 3] {
        let mut words = self.what.clone();
        for (heading, told) in [(text::why(), &self.why), (text::fix(), &self.fix)] {
            if !told.is_empty() {
                words.push_str(&format!("\n{heading} {told}"));
            }
        }
        [self.level.word(), self.check.to_owned(), words]
    }
}

/// Errors: `Unwell` when there is a problem; its report holds all findings.
pub async fn run(endpoint: Option<&str>, environment: &Environment) -> Result<Report, Failure> {
    let settings = settings(environment);
    let server = server(endpoint, environment).await;
    let mut findings = vec![server.finding];
    match &settings {
        Ok(settings) => {
            findings.extend(network::ports(settings, server.pid));
            findings.push(disk::space(&settings.data));
            findings.push(disk::sync_time(&settings.data, &RealClock::default()));
        }
        Err(wrong) => {
            let what = text::settings_wrong(wrong);
            findings.push(Finding::new(Level::Problem, "settings", what, String::new(), text::settings_wrong_fix()));
        }
    }
    findings.extend(functions::runtimes(environment));
    findings.push(functions::isolation());
    findings.push(clock(RealClock::default().wall(), server.now));
    findings.extend(network::names().await);
    findings.push(clients::proxy(environment));
    findings.extend(clients::target(environment, &home(environment)));
    findings.extend(settings.as_ref().map(localstack).unwrap_or_default());
    Ok(report(&findings)).and_then(|report| match findings.iter().filter(|f| f.level == Level::Problem).count() {
        0 => Ok(report),
        problems => Err(Failure::Unwell { report: Box::new(report), problems }),
    })
}

/// What `gureum up` without options would run with. Errors: why it would not.
fn settings(environment: &Environment) -> Result<Settings, Failure> {
    let up = super::parsed(&["gureum", "up"])?;
    let Command::Up(up) = up.command else { return Err(Failure::broken("up", "")) };
    up.settings.settings(environment).map_err(|wrong| wrong_setting(&wrong))
}

fn home(environment: &Environment) -> PathBuf {
    PathBuf::from(environment.get("HOME").unwrap_or("/"))
}

fn report(findings: &[Finding]) -> Report {
    let rows: Vec<[String; 3]> = findings.iter().map(Finding::row).collect();
    let worst = findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Ok);
    Report::new(table(&rows), json!({ "worst": worst, "findings": findings }))
}

/// The server that commands would talk to.
struct Server {
    finding: Finding,
    pid: Option<u64>,
    /// Its idea of now, which a virtual clock may have moved.
    now: Option<Timestamp>,
}

async fn server(endpoint: Option<&str>, environment: &Environment) -> Server {
    let none = |finding| Server { finding, pid: None, now: None };
    let connection = match Connection::find(endpoint, environment) {
        Ok(connection) => connection,
        Err(failure) => {
            let finding = Finding::new(Level::Problem, "server", failure.to_string(), String::new(), failure.hint());
            return none(finding);
        }
    };
    let address = connection.endpoint.clone();
    let status = connection.rest("gureum", http::Method::GET, "/_gureum/v1/status", &[], bytes::Bytes::new()).await;
    let status: Value = match status {
        Ok(reply) => serde_json::from_slice(&reply.body).unwrap_or_default(),
        Err(Failure::NotRunning { .. }) => {
            let fix = text::server_silent_fix();
            let what = text::server_silent(&address);
            return none(Finding::new(Level::Note, "server", what, String::new(), fix));
        }
        Err(_) => Value::Null,
    };
    let Some(pid) = status["pid"].as_u64() else {
        let (why, fix) = (text::server_hangs_why(), text::server_hangs_fix());
        let running = RunNote::read(&environment.state_dir()).filter(RunNote::is_alive);
        // A strict server that asks for a key is ours all the same.
        if running.is_some_and(|note| note.strict && note.endpoint == address) {
            return none(Finding::ok("server", text::server_runs(&address, "?")));
        }
        return none(Finding::new(Level::Warning, "server", text::server_hangs(&address), why, fix));
    };
    let now = status["now"].as_str().and_then(Timestamp::parse_iso8601);
    Server { finding: Finding::ok("server", text::server_runs(&address, pid)), pid: Some(pid), now }
}

/// A wrong clock, or one that was moved on purpose.
fn clock(now: Timestamp, of_server: Option<Timestamp>) -> Finding {
    if now < BUILT_AFTER {
        let (why, fix) = (text::clock_wrong_why(), text::clock_wrong_fix());
        return Finding::new(Level::Problem, "clock", text::clock_wrong(now.iso8601()), why, fix);
    }
    match of_server.map(|server| server.since(now).as_secs()) {
        Some(ahead) if ahead > 1 => {
            Finding::new(Level::Note, "clock", text::clock_moved(ahead), String::new(), String::new())
        }
        _ => Finding::ok("clock", text::clock_ok(now.iso8601())),
    }
}

fn localstack(settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    let found = &settings.localstack;
    if !found.honoured.is_empty() {
        findings.push(Finding::ok("localstack", text::localstack_honoured(found.honoured.join(", "))));
    }
    if !found.ignored.is_empty() {
        let (why, fix) = (text::localstack_ignored_why(), text::localstack_ignored_fix());
        let what = text::localstack_ignored(found.ignored.join(", "));
        findings.push(Finding::new(Level::Note, "localstack", what, why, fix));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_before_our_time_is_a_problem_and_a_moved_one_is_told() {
        let now = Timestamp::from_secs(BUILT_AFTER.secs() + 60);
        assert_eq!(clock(Timestamp::from_secs(0), None).level, Level::Problem);
        assert_eq!(clock(now, Some(now)).level, Level::Ok);
        let moved = clock(now, Some(Timestamp::from_secs(now.secs() + 36)));
        assert_eq!((moved.level, moved.what.as_str()), (Level::Note, "the server's virtual clock is 36 s ahead"));
    }

    #[test]
    fn a_finding_says_what_why_and_what_to_do() {
        let finding = Finding::new(Level::Warning, "port", "it is held".into(), "no start".into(), "stop it".into());
        assert_eq!(finding.row(), ["warning", "port", "it is held\nwhy: no start\nfix: stop it"].map(str::to_owned));
    }
}
