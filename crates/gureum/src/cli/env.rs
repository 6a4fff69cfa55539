use serde_json::json;

use super::connection::Connection;
use super::{Failure, Report};

#[derive(Debug, clap::Args)]
pub struct Env {
    /// The form to print in
    #[arg(long, value_enum, default_value_t = Shell::Bash)]
    shell: Shell,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Shell {
    Bash,
    Fish,
    Pwsh,
    /// NAME=value lines
    Dotenv,
}

pub fn run(env: Env, connection: &Connection) -> Result<Report, Failure> {
    let variables = [
        ("AWS_ENDPOINT_URL", connection.endpoint.as_str()),
        ("AWS_REGION", connection.region.as_str()),
        ("AWS_DEFAULT_REGION", connection.region.as_str()),
        ("AWS_ACCESS_KEY_ID", connection.credentials.access_key_id.as_str()),
        ("AWS_SECRET_ACCESS_KEY", connection.credentials.secret_access_key.as_str()),
    ];
    let lines: Vec<String> = variables.iter().map(|(name, value)| line(env.shell, name, value)).collect();
    let data = variables.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    Ok(Report::new(lines.join("\n"), serde_json::Value::Object(data)))
}

fn line(shell: Shell, name: &str, value: &str) -> String {
    match shell {
        Shell::Bash => format!("export {name}='{}'", value.replace('\'', r"'\''")),
        Shell::Fish => format!("set -gx {name} '{}'", value.replace('\\', r"\\").replace('\'', r"\'")),
        Shell::Pwsh => format!("$env:{name} = '{}'", value.replace('\'', "''")),
        Shell::Dotenv => format!("{name}={value}"),
    }
}
