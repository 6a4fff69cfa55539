use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use config::Environment;
use kernel::{Clock, RealClock};
use runtime::{InstallError, InstallStep, Presence};
use serde_json::json;

use super::{Failure, Report};
use crate::text::{commands as text, failures};

#[derive(Debug, clap::Subcommand)]
pub enum Runtime {
    /// What functions can be written in, what is here and what would be fetched
    #[command(visible_alias = "ls")]
    List,
    /// Fetch runtimes with your own npm and pip. A function that names one fetches it, too
    Install {
        /// e.g. nodejs14.x python3.11; python3 is the version that `python3` is here
        #[arg(required = true)]
        runtimes: Vec<String>,
    },
    /// Forget runtimes and what only they need
    #[command(visible_alias = "remove")]
    Rm {
        #[arg(required = true)]
        runtimes: Vec<String>,
    },
}

pub async fn run(command: Runtime, environment: &Environment) -> Result<Report, Failure> {
    let folder = environment.cache_dir().join("runtimes");
    let path = environment.get("PATH").unwrap_or_default();
    match command {
        Runtime::List => Ok(list(&folder, path)),
        Runtime::Install { runtimes } => install(&runtimes, &folder, environment),
        Runtime::Rm { runtimes } => remove(&runtimes, &folder),
    }
}

fn list(folder: &Path, path: &str) -> Report {
    let mut words = Vec::new();
    let mut data = Vec::new();
    for (name, presence) in runtime::presences(folder, path) {
        let (state, detail) = match presence {
            Presence::Ready(Some(interpreter)) => ("ready", interpreter.display().to_string()),
            Presence::Ready(None) => ("ready", text::runtime_brought()),
            Presence::Fetchable => ("fetchable", text::runtime_fetchable()),
            Presence::Impossible(reason) => ("unavailable", reason),
        };
        words.push(format!("{name:<16} {state:<12} {detail}"));
        data.push(json!({ "runtime": name, "state": state, "detail": detail }));
    }
    Report::new(words.join("\n"), json!({ "runtimes": data }))
}

fn install(names: &[String], folder: &Path, environment: &Environment) -> Result<Report, Failure> {
    let path = environment.get("PATH").unwrap_or_default();
    let mut lines = Vec::new();
    for name in names {
        let name = expand(name, environment)
            .ok_or_else(|| Failure::Usage { what: failures::no_python(), hint: failures::install_python() })?;
        let mut last = None;
        let mut shown = None;
        let progress = |step: InstallStep| {
            // The part before is done: its line ends.
            drop(shown.take());
            if let InstallStep::Fetching { package, megabytes, number, of } = &step {
                shown = Some(Progress::begin(format!("{name} [{number}/{of}] {package}, ~{megabytes} MB")));
            }
            last = Some(step);
        };
        let done = runtime::install(&name, folder, path, progress);
        drop(shown);
        done.map_err(|cause| match cause {
            // What cannot be installed is said already.
            InstallError::Unavailable { reason, .. } => Failure::broken(failures::cannot_install(&name), reason),
            cause => Failure::broken(failures::cannot_install(&name), cause),
        })?;
        lines.push(match last {
            Some(InstallStep::AlreadyThere) => text::runtime_there(name),
            _ => text::runtime_installed(name),
        });
    }
    Ok(Report::new(lines.join("\n"), json!({ "installed": lines })))
}

fn remove(names: &[String], folder: &Path) -> Result<Report, Failure> {
    let mut lines = Vec::new();
    for name in names {
        let was_there =
            runtime::remove(name, folder).map_err(|cause| Failure::broken(failures::cannot_remove(name), cause))?;
        lines.push(if was_there { text::runtime_removed(name) } else { text::runtime_was_not_there(name) });
    }
    Ok(Report::new(lines.join("\n"), json!({ "removed": lines })))
}

/// A line on standard error as long as something is fetched: with a bar that moves in a terminal, once elsewhere. npm and pip
/// tell nobody how far they are.
struct Progress {
    stop: Option<(mpsc::Sender<()>, std::thread::JoinHandle<()>)>,
}

const BAR_WIDTH: usize = 20;
const BAR_STEP: Duration = Duration::from_millis(120);

impl Progress {
    fn begin(what: String) -> Self {
        if !std::io::stderr().is_terminal() {
            eprintln!("{what}");
            return Self { stop: None };
        }
        let (stop, stopped) = mpsc::channel();
        let drawing = std::thread::spawn(move || draw(&what, &stopped));
        Self { stop: Some((stop, drawing)) }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((stop, drawing)) = self.stop.take() {
            drop(stop);
            let _ = drawing.join();
        }
    }
}

fn draw(what: &str, stopped: &mpsc::Receiver<()>) {
    let clock = RealClock::default();
    let began = clock.monotonic();
    for step in 0.. {
        let at = step % (2 * BAR_WIDTH);
        let at = at.min(2 * BAR_WIDTH - 1 - at);
        let bar: String = (0..BAR_WIDTH).map(|place| if place.abs_diff(at) < 3 { '━' } else { '─' }).collect();
        eprint!("\r\x1b[2K{bar} {what} ({} s)", (clock.monotonic() - began).as_secs());
        let _ = std::io::stderr().flush();
        if stopped.recv_timeout(BAR_STEP) != Err(RecvTimeoutError::Timeout) {
            break;
        }
    }
    eprintln!("\r\x1b[2K{} {what} ({} s)", "━".repeat(BAR_WIDTH), (clock.monotonic() - began).as_secs());
}

/// `python3` stands for the version that `python3` is on this machine.
fn expand(name: &str, environment: &Environment) -> Option<String> {
    if name != "python3" {
        return Some(name.to_owned());
    }
    let asked = ["-c", "import sys; print('python%d.%d' % sys.version_info[:2])"];
    let output = Command::new("python3").args(asked).env("PATH", environment.get("PATH")?).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
