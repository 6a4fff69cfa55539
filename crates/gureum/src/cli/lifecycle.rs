//! Starting in the background, stopping, waiting.

use std::fs;
use std::io::BufRead;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use config::Environment;
use http::Method;
use kernel::{Clock, RealClock};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::connection::Connection;
use super::{Failure, Report, RunNote};
use crate::text::{commands as done, failures as text};

/// A start that takes longer than this has failed. Units: seconds.
pub const START_SECONDS_MAX: u64 = 30;
/// A server stops within 3 s; some more for a slow disk. Units: seconds.
pub const STOP_SECONDS_MAX: u64 = 10;
/// Between two looks at another process, which cannot wake us.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

#[derive(Debug, clap::Args)]
pub struct Wait {
    /// Give up after this many seconds
    #[arg(long, default_value_t = 30)]
    timeout: u64,
}

/// `up -d`: starts the same command without `-d`, and returns when it has said that it is ready.
pub async fn detach(environment: &Environment) -> Result<Report, Failure> {
    let state = environment.state_dir();
    fs::create_dir_all(&state).map_err(|cause| Failure::broken(text::cannot_make(state.display()), cause))?;
    let log = state.join("server.log");
    let program = std::env::current_exe().map_err(|cause| Failure::broken(text::cannot_find_program(), cause))?;
    let arguments = std::env::args_os().skip(1).filter(|argument| argument != "-d" && argument != "--detach");
    let errors = fs::OpenOptions::new().create(true).append(true).open(&log);
    let errors = errors.map_err(|cause| Failure::broken(text::cannot_write(log.display()), cause))?;
    let mut server = Command::new(program)
        .args(arguments)
        .arg("--log-file")
        .arg(&log)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(errors)
        .process_group(0)
        .spawn()
        .map_err(|cause| Failure::broken(text::cannot_start_server(), cause))?;
    let Some(output) = server.stdout.take() else { return Err(Failure::broken(text::cannot_read_panel(), "")) };
    let said = tokio::task::spawn_blocking(move || panel(output));
    let clock: &dyn Clock = &RealClock::default();
    match clock.timeout(Duration::from_secs(START_SECONDS_MAX), said).await {
        Ok(Ok((words, true))) => {
            let note = RunNote::read(&state).filter(|note| note.pid == server.id());
            Ok(Report::new(words.trim_end(), serde_json::to_value(note).unwrap_or_default()))
        }
        Ok(_) => Err(Failure::Broken { what: text::ended_before_ready(), cause: text::see_file(log.display()) }),
        Err(_) => Err(Failure::TimedOut { what: text::start_of_server(), seconds: START_SECONDS_MAX }),
    }
}

/// Becomes this program again, with the same arguments. Returns only when that cannot be.
pub fn start_again() -> Failure {
    let again = std::env::current_exe().map(|program| Command::new(program).args(std::env::args_os().skip(1)).exec());
    match again {
        Ok(cause) | Err(cause) => Failure::broken(text::cannot_start_again(), cause),
    }
}

/// What the server says until it is ready, and whether it became so.
pub fn panel(output: impl std::io::Read) -> (String, bool) {
    let mut words = String::new();
    for line in std::io::BufReader::new(output).lines().map_while(Result::ok) {
        if line == "Ready." {
            return (words, true);
        }
        words.push_str(&line);
        words.push('\n');
    }
    (words, false)
}

pub async fn down(environment: &Environment) -> Result<Report, Failure> {
    let state = environment.state_dir();
    let Some(note) = RunNote::read(&state).filter(RunNote::is_alive) else {
        return Ok(Report::new(done::nothing_runs(), json!({ "stopped": false })));
    };
    let pid = i32::try_from(note.pid).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| Failure::broken(text::note_damaged(), note.pid))?;
    kill_process(pid, Signal::TERM).map_err(|cause| Failure::broken(text::cannot_stop(note.pid), cause))?;
    let clock = RealClock::default();
    while note.is_alive() {
        if clock.monotonic().as_secs() >= STOP_SECONDS_MAX {
            return Err(Failure::TimedOut { what: text::end_of_server(), seconds: STOP_SECONDS_MAX });
        }
        clock.pause(LOOK_AGAIN).await;
    }
    Ok(Report::new(done::stopped(note.pid), json!({ "stopped": true, "pid": note.pid })))
}

fn completed(answer: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(answer).is_ok_and(|stage| stage["completed"] == true)
}

/// Returns when the server answers and its init scripts have ended.
pub async fn wait(wait: Wait, connection: &Connection) -> Result<Report, Failure> {
    loop {
        match connection.rest("gureum", Method::GET, "/_localstack/init/ready", &[], Bytes::new()).await {
            // The scripts of ready.d fill the server with what its users expect to find.
            Ok(reply) if !completed(&reply.body) && connection.elapsed().as_secs() < wait.timeout => {
                connection.pause(LOOK_AGAIN).await;
            }
            Ok(reply) if !completed(&reply.body) => {
                return Err(Failure::TimedOut { what: text::end_of_init_scripts(), seconds: wait.timeout });
            }
            Ok(_) => return Ok(Report::new(done::ready(), json!({ "ready": true, "endpoint": connection.endpoint }))),
            Err(Failure::NotRunning { .. }) if connection.elapsed().as_secs() < wait.timeout => {
                connection.pause(LOOK_AGAIN).await;
            }
            Err(Failure::NotRunning { .. }) => {
                return Err(Failure::TimedOut { what: text::readiness(), seconds: wait.timeout });
            }
            Err(other) => return Err(other),
        }
    }
}
