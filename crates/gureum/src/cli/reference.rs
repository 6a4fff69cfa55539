//! The page docs/guides/cli.md, made from the commands themselves in the language that is spoken.

use std::fmt::Write as _;

use clap::{Arg, Command};

use crate::text::reference as text;

/// Markdown of the command and all below it.
pub fn markdown(mut command: Command) -> String {
    command.build();
    let mut page = format!("# {}\n\n{}\n", text::title(), text::preface());
    section(&mut page, &command, "gureum");
    page
}

fn section(page: &mut String, command: &Command, path: &str) {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let _ = write!(page, "\n## `{path}`\n\n{}\n", about.trim_end_matches('.'));
    let is_root = command.get_bin_name().is_none_or(|name| !name.contains(' '));
    let args: Vec<&Arg> = command
        .get_arguments()
        .filter(|arg| !arg.is_hide_set() && (is_root || !arg.is_global_set()))
        .filter(|arg| !matches!(arg.get_id().as_str(), "help" | "version"))
        .collect();
    if !args.is_empty() {
        let _ = write!(page, "\n| | |\n|---|---|\n");
    }
    for arg in args {
        let _ = writeln!(page, "| `{}` | {} |", name(arg), cell(arg));
    }
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help") {
        section(page, sub, &format!("{path} {}", sub.get_name()));
    }
}

/// `-d, --data <DATA>`
fn name(arg: &Arg) -> String {
    let value = arg.get_value_names().map(|names| names.join(" ")).unwrap_or_default();
    let Some(long) = arg.get_long() else { return format!("<{value}>") };
    let short = arg.get_short().map(|short| format!("-{short}, ")).unwrap_or_default();
    let takes_value = arg.get_action().takes_values();
    format!("{short}--{long}{}", if takes_value { format!(" <{value}>") } else { String::new() })
}

fn cell(arg: &Arg) -> String {
    let mut cell = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let values = arg.get_possible_values();
    if arg.get_action().takes_values() && !values.is_empty() && !arg.is_hide_possible_values_set() {
        let names: Vec<String> = values.iter().map(|value| format!("`{}`", value.get_name())).collect();
        let _ = write!(cell, " ({})", names.join(", "));
    }
    if let Some(variable) = arg.get_env() {
        let _ = write!(cell, " · `{}`", variable.to_string_lossy());
    }
    cell.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn the_page_says_what_the_commands_say() {
        let kept = include_str!("../../../../docs/guides/cli.md");
        let fresh = markdown(Cli::command());
        assert!(kept == fresh, "write it anew: cargo run -p gureum -- --lang en reference > docs/guides/cli.md");
    }

    #[test]
    fn the_korean_page_has_every_command() {
        let kept = include_str!("../../../../docs/guides/cli.ko.md");
        let headings =
            |page: &str| page.lines().filter(|line| line.starts_with("## ")).map(str::to_owned).collect::<Vec<_>>();
        let rows = |page: &str| {
            page.lines()
                .filter_map(|line| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_owned()))
                .collect::<Vec<_>>()
        };
        let fresh = markdown(Cli::command());
        let told = "write it anew: cargo run -p gureum -- --lang ko reference > docs/guides/cli.ko.md";
        assert_eq!((headings(kept), rows(kept)), (headings(&fresh), rows(&fresh)), "{told}");
    }
}
