//! `gureum exec -- COMMAND`: the command takes this process's place, so its exit code, its signals and its terminal are its
//! own.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use config::Environment;

use super::connection::Connection;
use super::pointing::{Pointing, own_keys};
use super::{Failure, Report};
use crate::text::pointing as text;

#[derive(Debug, clap::Args)]
pub struct Exec {
    /// The command and its arguments, e.g. gureum exec -- npx serverless deploy
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

/// Returns only when the command could not be started.
pub async fn run(exec: Exec, connection: &Connection, environment: &Environment) -> Result<Report, Failure> {
    let keys = own_keys(connection, environment).await?;
    let pointing = Pointing::at(connection, environment, &keys)?;
    for warning in &pointing.warnings {
        eprintln!("gureum: {warning}");
    }
    let mut command = command(&exec.command, &pointing)?;
    let cause = command.exec();
    Err(not_started(&exec.command, &cause))
}

/// The command with what points it at the server in its environment.
pub fn command(words: &[OsString], pointing: &Pointing) -> Result<Command, Failure> {
    let (program, arguments) =
        words.split_first().ok_or_else(|| Failure::Usage { what: text::no_command(), hint: text::give_command() })?;
    let mut command = Command::new(program);
    command.args(arguments).envs(pointing.set.iter().map(|(name, value)| (name, value)));
    for name in &pointing.unset {
        command.env_remove(name);
    }
    Ok(command)
}

pub fn not_started(words: &[OsString], cause: &io::Error) -> Failure {
    let program = words.first().map(|program| program.to_string_lossy().into_owned()).unwrap_or_default();
    Failure::NotStarted { program, missing: cause.kind() == io::ErrorKind::NotFound, cause: cause.to_string() }
}
