//! One script in a process of its own.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use kernel::Clock;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Command;

use super::Stage;

/// A script of this length has failed. Units: time of one script.
const SCRIPT_TIME_MAX: Duration = Duration::from_secs(600);
/// The same while the server is being stopped: whoever stops it waits.
const SHUTDOWN_SCRIPT_TIME_MAX: Duration = Duration::from_secs(5);

/// What a script finds around it beyond the server's own environment.
pub struct Surroundings {
    pub clock: Arc<dyn Clock>,
    /// How it reaches the server: `AWS_ENDPOINT_URL`, region and keys.
    pub variables: Vec<(&'static str, String)>,
}

/// Runs a script to its end. What it prints goes to the server's standard error.
/// Errors: why it could not be run, or how it ended, in words.
pub async fn run(script: &Path, stage: Stage, around: &Surroundings) -> Result<(), String> {
    let is_python = script.extension().is_some_and(|extension| extension == "py");
    let mut command = if is_python {
        let mut python = Command::new("python3");
        python.arg(script);
        python
    } else {
        let found = std::fs::metadata(script).map_err(|cause| cause.to_string())?;
        if found.permissions().mode() & 0o111 == 0 {
            return Err(format!("it is not executable: chmod +x {}", script.display()));
        }
        Command::new(script)
    };
    let output = io::stderr().as_fd().try_clone_to_owned().map_err(|cause| cause.to_string())?;
    command.envs(around.variables.iter().map(|(name, value)| (*name, value)));
    command.stdin(Stdio::null()).stdout(output).process_group(0).kill_on_drop(true);
    let mut child = command.spawn().map_err(|cause| match cause.raw_os_error() {
        // ENOEXEC: what the kernel says of a text without its first line.
        Some(8) => "it does not begin with a line such as #!/bin/sh".to_owned(),
        _ if is_python && cause.kind() == io::ErrorKind::NotFound => "there is no python3 on the PATH".to_owned(),
        _ => cause.to_string(),
    })?;
    let limit = if stage == Stage::Shutdown { SHUTDOWN_SCRIPT_TIME_MAX } else { SCRIPT_TIME_MAX };
    let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    match around.clock.timeout(limit, child.wait()).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(format!("it ended with {status}")),
        Ok(Err(cause)) => Err(cause.to_string()),
        Err(_) => {
            if let Some(group) = group {
                let _ = kill_process_group(group, Signal::KILL);
            }
            Err(format!("it took longer than {} s", limit.as_secs()))
        }
    }
}
