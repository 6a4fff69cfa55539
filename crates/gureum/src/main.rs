//! The binary: the commands, and the server that plugs the rooms together.

mod cli;

use std::process::ExitCode;

use clap::Parser;
use cli::{Cli, Command};
use config::Environment;

fn main() -> ExitCode {
    let environment = Environment::read();
    let cli = Cli::parse();
    let (command, as_json) = (cli.command.name(), cli.json);
    let threads = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let Ok(threads) = threads else {
        eprintln!("error: the operating system gives no threads");
        return ExitCode::FAILURE;
    };
    match threads.block_on(cli::run(cli, &environment)) {
        Ok(report) => {
            report.print(command, as_json);
            ExitCode::SUCCESS
        }
        Err(failure) => {
            cli::print_failure(&failure, command, as_json);
            failure.exit_code()
        }
    }
}
