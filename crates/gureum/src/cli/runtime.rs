use std::path::Path;
use std::process::Command;

use config::Environment;
use runtime::InstallStep;
use serde_json::json;

use super::{Failure, Report};

/// The managed runtimes that AWS's clients exist for here, newest last.
pub const MANAGED: [&str; 10] = [
    "nodejs18.x",
    "nodejs20.x",
    "nodejs22.x",
    "python3.8",
    "python3.9",
    "python3.10",
    "python3.11",
    "python3.12",
    "python3.13",
    "python3.14",
];

#[derive(Debug, clap::Subcommand)]
pub enum Runtime {
    /// What can run here, and what is missing for the rest
    List,
    /// Fetch the runtime clients with your own npm and pip
    Install {
        /// e.g. nodejs20.x python3.11; python3 is the version that `python3` is here
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
    }
}

fn list(folder: &Path, path: &str) -> Report {
    let states: Vec<_> = MANAGED.iter().map(|name| (*name, runtime::availability(name, folder, path).err())).collect();
    let words = states.iter().map(|(name, missing)| match missing {
        None => format!("{name:<12} ready"),
        Some(reason) => format!("{name:<12} {reason}"),
    });
    let mut words: Vec<String> = words.collect();
    words.push("provided.al2, provided.al2023  ready: your package brings its bootstrap".to_owned());
    let data = states.iter().map(|(name, missing)| json!({ "runtime": name, "missing": missing }));
    Report::new(words.join("\n"), json!({ "runtimes": data.collect::<Vec<_>>() }))
}

fn install(names: &[String], folder: &Path, environment: &Environment) -> Result<Report, Failure> {
    let path = environment.get("PATH").unwrap_or_default();
    let mut lines = Vec::new();
    for name in names {
        let name = expand(name, environment).ok_or_else(|| Failure::Usage {
            what: crate::text::failures::no_python(),
            hint: crate::text::failures::install_python(),
        })?;
        let mut last = None;
        let progress = |step: InstallStep| {
            if let InstallStep::Fetching { package } = &step {
                eprintln!("fetching {package} …");
            }
            last = Some(step);
        };
        runtime::install(&name, folder, path, progress)
            .map_err(|cause| Failure::broken(crate::text::failures::cannot_install(&name), cause))?;
        lines.push(match last {
            Some(InstallStep::AlreadyThere { .. }) => format!("{name} is there"),
            _ => format!("{name} is installed"),
        });
    }
    Ok(Report::new(lines.join("\n"), json!({ "installed": lines })))
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
