use config::Environment;
use serde_json::{Value, json};

use super::connection::Connection;
use super::pointing::{Pointing, own_keys, stored_keys, write_profile};
use super::{Failure, Report};
use crate::text::pointing as text;

#[derive(Debug, clap::Args)]
pub struct Env {
    /// The form to print in
    #[arg(long, value_enum, default_value_t = Shell::Bash)]
    shell: Shell,
    /// Write a profile `gureum` into your AWS config and credentials files instead
    #[arg(long)]
    profile: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, clap::ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
    Pwsh,
    /// Lines for the file that $GITHUB_ENV names
    Gha,
    /// NAME=value lines, quoted where they must be
    Dotenv,
}

pub async fn run(env: Env, connection: &Connection, environment: &Environment) -> Result<Report, Failure> {
    let keys = match own_keys(connection, environment).await {
        // What will run there later is pointed at all the same.
        Err(Failure::NotRunning { .. }) => stored_keys(connection, environment),
        keys => keys?,
    };
    if env.profile {
        let [config, credentials] = write_profile(connection, environment, &keys)?;
        let words = text::profile_written(config.display(), credentials.display());
        return Ok(Report::new(words, json!({ "profile": "gureum", "files": [config, credentials] })));
    }
    let mut pointing = Pointing::at(connection, environment, &keys)?;
    let mut lines: Vec<String> = pointing.set.iter().map(|(name, value)| set_line(env.shell, name, value)).collect();
    for name in &pointing.unset {
        match unset_line(env.shell, name) {
            Some(line) => lines.push(line),
            None => pointing.warnings.push(text::must_not_be_set(name)),
        }
    }
    let set = pointing.set.iter().map(|(name, value)| ((*name).to_owned(), json!(value)));
    let unset = pointing.unset.iter().map(|name| (name.clone(), Value::Null));
    let data = Value::Object(set.chain(unset).collect());
    Ok(Report { warnings: pointing.warnings, ..Report::new(lines.join("\n"), data) })
}

fn set_line(shell: Shell, name: &str, value: &str) -> String {
    match shell {
        Shell::Bash | Shell::Zsh => format!("export {name}='{}'", value.replace('\'', r"'\''")),
        Shell::Fish => format!("set -gx {name} '{}'", value.replace('\\', r"\\").replace('\'', r"\'")),
        // PowerShell takes typographic quotes for the plain one.
        Shell::Pwsh => {
            let quoted: String =
                value.chars().flat_map(|c| if is_pwsh_quote(c) { vec![c, c] } else { vec![c] }).collect();
            format!("$env:{name} = '{quoted}'")
        }
        Shell::Gha => format!("{name}={value}"),
        Shell::Dotenv => format!("{name}={}", dotenv_value(value)),
    }
}

/// `None` where there is no way to say it.
fn unset_line(shell: Shell, name: &str) -> Option<String> {
    match shell {
        Shell::Bash | Shell::Zsh => Some(format!("unset {name}")),
        Shell::Fish => Some(format!("set -e {name}")),
        Shell::Pwsh => Some(format!("Remove-Item Env:{name} -ErrorAction SilentlyContinue")),
        Shell::Gha | Shell::Dotenv => None,
    }
}

fn is_pwsh_quote(c: char) -> bool {
    matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}')
}

/// Bare where every reader agrees, else in single quotes, which nothing is expanded in; with one of those inside, in double
/// quotes.
fn dotenv_value(value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@,+=%".contains(c);
    if value.chars().all(is_plain) {
        value.to_owned()
    } else if !value.contains('\'') {
        format!("'{value}'")
    } else {
        format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HARD: &str = "it's a \"구름\" $HOME \\ `id`";

    #[test]
    fn values_are_quoted_as_each_shell_reads_them() {
        assert_eq!(set_line(Shell::Bash, "A", HARD), r#"export A='it'\''s a "구름" $HOME \ `id`'"#);
        assert_eq!(set_line(Shell::Fish, "A", HARD), r#"set -gx A 'it\'s a "구름" $HOME \\ `id`'"#);
        assert_eq!(set_line(Shell::Pwsh, "A", "it's ‘so’"), "$env:A = 'it''s ‘‘so’’'");
        assert_eq!(set_line(Shell::Gha, "A", "a b"), "A=a b");
        assert_eq!(set_line(Shell::Dotenv, "A", "http://g:t@127.0.0.1:1"), "A=http://g:t@127.0.0.1:1");
        assert_eq!(set_line(Shell::Dotenv, "A", "--require \"/a b\""), "A='--require \"/a b\"'");
        assert_eq!(set_line(Shell::Dotenv, "A", HARD), r#"A="it's a \"구름\" \$HOME \\ `id`""#);
    }
}
