//! The binary: the commands, and the server that plugs the rooms together.

mod cli;
mod explain;
mod memory;
mod server;
mod text;

use std::process::ExitCode;

use cli::{Cli, Command, Failure, Report};
use config::Environment;

fn main() -> ExitCode {
    // The server starts this binary again, under another name, to watch over each function.
    runtime::stand_guard_if_asked();
    let environment = Environment::read();
    let arguments: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    let cli = match cli::parse(&arguments, &environment) {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    let (command, as_json) = (cli.command.name(), cli.json);
    let threads = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = match threads {
        Ok(threads) => threads.block_on(run(cli, &environment)),
        Err(cause) => Err(Failure::broken(text::failures::no_threads(), cause)),
    };
    match outcome {
        Ok(report) => {
            report.print(command, as_json);
            ExitCode::from(report.exit_code)
        }
        Err(failure) => {
            cli::print_failure(&failure, command, as_json);
            failure.exit_code()
        }
    }
}

async fn run(cli: Cli, environment: &Environment) -> Result<Report, Failure> {
    let Command::Up(up) = cli.command else { return cli::run(cli, environment).await };
    if up.detach {
        return cli::detach(environment).await;
    }
    let (show, log_file, tied) = (up.settings.show_config, up.log_file, up.until_stdin_ends);
    let settings = up.settings.settings(environment).map_err(|wrong| cli::wrong_setting(&wrong))?;
    if show {
        let data = serde_json::to_value(&settings).unwrap_or_default();
        return Ok(Report::new(serde_json::to_string_pretty(&data).unwrap_or_default(), data));
    }
    let ended = server::run(settings, environment, log_file.as_deref(), tied)
        .await
        .map_err(|cause| Failure::broken(text::failures::cannot_serve(), format!("{cause:#}")))?;
    match ended {
        server::Ending::Stop => Ok(Report::default()),
        server::Ending::Restart => Err(cli::start_again()),
    }
}
