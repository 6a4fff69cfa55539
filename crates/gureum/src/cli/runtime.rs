use config::Environment;

use super::{Failure, Report};

#[derive(Debug, clap::Subcommand)]
pub enum Runtime {
    /// What can run here, and what is missing for the rest
    List,
    /// Fetch the runtime clients with your own npm and pip
    Install {
        /// e.g. nodejs20.x python3.11; python3 is whatever is installed
        #[arg(required = true)]
        runtimes: Vec<String>,
    },
}

pub async fn run(_command: Runtime, _environment: &Environment) -> Result<Report, Failure> {
    Ok(Report::default())
}
