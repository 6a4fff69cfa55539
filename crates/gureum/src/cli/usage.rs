//! The command line, and what is wrong with one: in the language that is spoken, and as an envelope with `--json`.

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, FromArgMatches};
use config::{ConfigError, Environment};

use super::{Cli, Failure, print_failure};
use crate::text::{Language, failures as text, in_language};

/// Reads the command line. Errors: the exit code, when help or what is wrong has been printed.
pub fn parse(arguments: &[String], environment: &Environment) -> Result<Cli, ExitCode> {
    let words = arguments.get(1..).unwrap_or_default();
    Language::of(words, environment).speak();
    let mut command = in_language(Cli::command(), Language::spoken());
    let matches = command.try_get_matches_from_mut(arguments);
    matches.and_then(|matches| Cli::from_arg_matches(&matches)).map_err(|error| told(&error, words))
}

/// A command line of our own. Errors: a variable that stands for one of its options is wrong.
pub fn parsed(words: &[&str]) -> Result<Cli, Failure> {
    let matches = Cli::command().try_get_matches_from(words).and_then(|matches| Cli::from_arg_matches(&matches));
    matches.map_err(|error| Failure::Usage { what: what(&error), hint: hint(&error, "up") })
}

fn told(error: &clap::Error, words: &[String]) -> ExitCode {
    let as_json = words.iter().take_while(|word| *word != "--").any(|word| word == "--json");
    let is_help = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    let helps = is_help || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    if helps || (!as_json && Language::spoken() == Language::English) {
        let _ = error.print();
        return if is_help { ExitCode::SUCCESS } else { ExitCode::from(2) };
    }
    let commands = Cli::command();
    let named = words.iter().find(|word| commands.find_subcommand(word).is_some()).map_or("gureum", String::as_str);
    let failure = Failure::Usage { what: what(error), hint: hint(error, named) };
    print_failure(&failure, named, as_json);
    failure.exit_code()
}

fn context(error: &clap::Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        Some(ContextValue::StyledStr(text)) => text.to_string(),
        Some(ContextValue::StyledStrs(texts)) => texts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        Some(ContextValue::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn what(error: &clap::Error) -> String {
    let (option, value) = (context(error, ContextKind::InvalidArg), context(error, ContextKind::InvalidValue));
    match error.kind() {
        ErrorKind::UnknownArgument => text::unknown_option(option),
        ErrorKind::InvalidSubcommand => text::unknown_command(context(error, ContextKind::InvalidSubcommand)),
        ErrorKind::MissingRequiredArgument => text::missing_arguments(option),
        ErrorKind::InvalidValue if value.is_empty() => text::missing_value(option),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => text::wrong_value(value, option),
        ErrorKind::ArgumentConflict => text::not_together(option, context(error, ContextKind::PriorArg)),
        ErrorKind::MissingSubcommand => text::missing_command(),
        _ => text::wrong_usage(),
    }
}

/// What it may have been meant as, else where to read on.
fn hint(error: &clap::Error, named: &str) -> String {
    let suggestions = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    let suggested = suggestions.iter().map(|kind| context(error, *kind)).find(|names| !names.is_empty());
    let valid = context(error, ContextKind::ValidValue);
    match suggested {
        _ if !valid.is_empty() => text::possible_values(valid),
        Some(names) => text::did_you_mean(names),
        None if named == "gureum" => text::more_help(named),
        None => text::more_help(format!("gureum {named}")),
    }
}

/// A setting of `gureum up` that cannot be.
pub fn wrong_setting(wrong: &ConfigError) -> Failure {
    let what = match wrong {
        ConfigError::File { path, cause } => text::cannot_read_settings(path.display(), cause),
        ConfigError::Listen(address) => text::not_a_listen_address(address),
        ConfigError::Variable { name, value } => text::wrong_variable(name, value),
        ConfigError::Account(wrong) => text::wrong_account(&wrong.0),
        ConfigError::SandboxAnyKey(address) => text::any_key_off_loopback(address),
        ConfigError::UrlSuffix(text) => text::wrong_url_suffix(text),
        ConfigError::Concurrency => text::concurrency_too_low(),
    };
    Failure::Usage { what, hint: text::option_help() }
}
