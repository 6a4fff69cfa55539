//! `gureum run -- COMMAND`: a fresh server for one command, as CI wants it, and what failed on it.

use std::ffi::OsString;
use std::fs;
use std::io::{IsTerminal, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::Duration;

use config::Environment;
use kernel::{Clock, RealClock};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};

use super::connection::Connection;
use super::lifecycle::{START_SECONDS_MAX, STOP_SECONDS_MAX, panel};
use super::pointing::{Pointing, own_keys};
use super::{Failure, Report, RunNote, exec};
use crate::text::{failures as refused, pointing as text};

/// Failures that the digest shows of each kind, the latest.
const SHOWN_MAX: usize = 10;
/// Of the server's own log, at most. Units: bytes.
const LOG_BYTES_MAX: u64 = 4096;

/// Settings of a server that lasts, which one for a single command does not have.
const LASTING: [&str; 4] = ["GUREUM_DATA", "GUREUM_PORT", "GUREUM_LISTEN", "GUREUM_ENDPOINT"];

#[derive(Debug, clap::Args)]
pub struct Run {
    /// Say what the server's start and stop have taken
    #[arg(short, long)]
    verbose: bool,
    /// The command and its arguments, e.g. gureum run -- npm test
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// Exits with the command's code. The server keeps nothing and is gone with this process, however that ends.
pub async fn run(run: Run, environment: &Environment) -> Result<Report, Failure> {
    let clock = RealClock::default();
    let state = tempfile::Builder::new().prefix("gureum-run-").tempdir();
    let state = state.map_err(|cause| Failure::broken(refused::cannot_make_temporary_folder(), cause))?;
    let server = Server::start(state.path(), &clock).await?;
    let within = environment.clone().with("GUREUM_STATE", &state.path().to_string_lossy());
    let connection = Connection::find(Some(&server.endpoint), &within)?;
    let keys = own_keys(&connection, &within).await?;
    let mut pointing = Pointing::at(&connection, &within, &keys)?;
    pointing.set.push(("GUREUM_STATE", state.path().to_string_lossy().into_owned()));
    for warning in &pointing.warnings {
        eprintln!("gureum: {warning}");
    }
    let started = clock.monotonic();
    let ended = to_its_end(&run.command, &pointing).await;
    let ran = clock.monotonic().saturating_sub(started);
    let failures = connection.status().await.map(|status| status["failures"].clone()).unwrap_or_default();
    let log = server.stop(&clock).await;
    drop(state);
    let ended = ended?;
    let beyond = clock.monotonic().saturating_sub(ran);

    // As a shell says it of a command that a signal has ended.
    let code = ended.code().unwrap_or_else(|| 128 + ended.signal().unwrap_or_default());
    let mut aside = digest(&failures);
    if !log.is_empty() {
        aside.push_str(&format!("gureum: {}\n{log}\n", text::server_logged()));
    }
    if run.verbose {
        let (start, all) = (started.as_millis(), beyond.as_millis());
        aside.push_str(&format!("gureum: {}\n", text::beyond_the_command(all, start)));
    }
    let data = json!({ "exitCode": code, "failures": failures, "beyondMs": u64::try_from(beyond.as_millis()).ok() });
    Ok(Report { aside, exit_code: u8::try_from(code).unwrap_or(1), ..Report::new("", data) })
}

struct Server {
    process: Child,
    /// The server ends when this does, and so when this process does.
    tie: Option<ChildStdin>,
    endpoint: String,
    log: std::path::PathBuf,
}

impl Server {
    async fn start(state: &Path, clock: &RealClock) -> Result<Self, Failure> {
        let program =
            std::env::current_exe().map_err(|cause| Failure::broken(refused::cannot_find_program(), cause))?;
        let log = state.join("server.log");
        let errors =
            fs::File::create(&log).map_err(|cause| Failure::broken(refused::cannot_write(log.display()), cause))?;
        let mut command = Command::new(program);
        command
            .args(["up", "--port", "0", "--ephemeral", "--durability", "memory", "--until-stdin-ends"])
            .env("GUREUM_STATE", state)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            // The terminal's Ctrl-C is the command's: the server is needed until that has ended.
            .process_group(0);
        for name in LASTING {
            command.env_remove(name);
        }
        let mut process = command.spawn().map_err(|cause| Failure::broken(refused::cannot_start_server(), cause))?;
        let (tie, output) = (process.stdin.take(), process.stdout.take());
        let said = tokio::task::spawn_blocking(move || output.map(panel));
        let clock: &dyn Clock = clock;
        match clock.timeout(Duration::from_secs(START_SECONDS_MAX), said).await {
            Ok(Ok(Some((_, true)))) => {}
            Ok(_) => {
                return Err(Failure::Broken { what: refused::ended_before_ready(), cause: tail(&log) });
            }
            Err(_) => return Err(Failure::TimedOut { what: refused::start_of_server(), seconds: START_SECONDS_MAX }),
        }
        let note = RunNote::read(state).ok_or_else(|| Failure::broken(refused::no_note(), state.display()))?;
        Ok(Self { process, tie, endpoint: note.endpoint, log })
    }

    /// Answers what the server has logged.
    async fn stop(mut self, clock: &RealClock) -> String {
        self.tie = None;
        let mut process = self.process;
        let ended = tokio::task::spawn_blocking(move || process.wait());
        let clock: &dyn Clock = clock;
        if clock.timeout(Duration::from_secs(STOP_SECONDS_MAX), ended).await.is_err() {
            return text::did_not_stop(STOP_SECONDS_MAX);
        }
        tail(&self.log)
    }
}

fn tail(log: &Path) -> String {
    let mut text = String::new();
    let read = fs::File::open(log).and_then(|file| file.take(LOG_BYTES_MAX).read_to_string(&mut text));
    if read.is_err() {
        return String::new();
    }
    text.trim_end().to_owned()
}

/// Runs the command. What tells this process to end is passed on to it, and waited for.
async fn to_its_end(words: &[OsString], pointing: &Pointing) -> Result<ExitStatus, Failure> {
    let broken = |cause: std::io::Error| Failure::broken(refused::cannot_watch(), cause);
    let mut terminate = signal(SignalKind::terminate()).map_err(broken)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(broken)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(broken)?;
    let mut quit = signal(SignalKind::quit()).map_err(broken)?;
    let command = exec::command(words, pointing)?;
    let mut child = tokio::process::Command::from(command).spawn().map_err(|cause| exec::not_started(words, &cause))?;
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    // A terminal tells the command by itself, as it stands in the same group of processes.
    let by_terminal = std::io::stdin().is_terminal();
    loop {
        let passed_on = tokio::select! {
            ended = child.wait() => return ended.map_err(broken),
            _ = terminate.recv() => Some(Signal::TERM),
            _ = hangup.recv() => Some(Signal::HUP),
            _ = interrupt.recv() => Some(Signal::INT).filter(|_| !by_terminal),
            _ = quit.recv() => Some(Signal::QUIT).filter(|_| !by_terminal),
        };
        if let (Some(pid), Some(signal)) = (pid, passed_on) {
            // One that has just ended needs no telling.
            let _ = kill_process(pid, signal);
        }
    }
}

/// What failed on the server, in lines; empty when nothing did.
fn digest(failures: &Value) -> String {
    let mut lines = String::new();
    let mut part = |failures: &Value, told: &dyn Fn(u64) -> String, line: &dyn Fn(&Value) -> String| {
        let latest = failures["latest"].as_array().map(Vec::as_slice).unwrap_or_default();
        let Some(count) = failures["count"].as_u64().filter(|count| *count > 0) else { return };
        let shown = latest.get(latest.len().saturating_sub(SHOWN_MAX)..).unwrap_or_default();
        let last = if shown.len() as u64 == count { String::new() } else { text::the_last(shown.len()) };
        lines.push_str(&format!("gureum: {}{last}\n", told(count)));
        for failure in shown {
            lines.push_str(&format!("  {}\n", line(failure)));
        }
    };
    let value = |failure: &Value, name: &str| failure[name].as_str().unwrap_or_default().to_owned();
    let invocations = |count| if count == 1 { text::one_invocation_failed() } else { text::invocations_failed(count) };
    part(&failures["invocations"], &invocations, &|failure| {
        let message = value(failure, "message").replace('\n', " ");
        format!(
            "{}  {}  {}: {message}",
            value(failure, "request_id"),
            value(failure, "function"),
            value(failure, "type")
        )
    });
    let requests = |count| if count == 1 { text::one_request_failed() } else { text::requests_failed(count) };
    part(&failures["requests"], &requests, &|failure| {
        let words = ["request_id", "service", "code", "method", "path"].map(|name| value(failure, name));
        let words: Vec<String> = words.into_iter().filter(|word| !word.is_empty()).collect();
        format!("{}  {}", failure["status"], words.join("  "))
    });
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_failed_is_nothing_said() {
        assert_eq!(digest(&json!({ "requests": { "count": 0, "latest": [] } })), "");
        assert_eq!(digest(&Value::Null), "");
    }

    #[test]
    fn the_last_failures_are_told_with_their_request_ids() {
        let invocation = json!({ "request_id": "r1", "function": "f", "type": "Error", "message": "no\nluck" });
        let request =
            json!({ "request_id": "r2", "service": "sqs", "method": "POST", "path": "/", "status": 501, "code": "" });
        let failures = json!({
            "invocations": { "count": 1, "latest": [invocation] },
            "requests": { "count": 200, "latest": vec![request; 100] },
        });
        let digest = digest(&failures);
        assert!(digest.starts_with("gureum: 1 invocation failed\n  r1  f  Error: no luck\n"), "{digest}");
        assert!(
            digest.contains("gureum: 200 requests were answered with a 5xx, the last 10\n  501  r2  sqs  POST  /\n")
        );
        assert_eq!(digest.lines().count(), 13);
    }
}
