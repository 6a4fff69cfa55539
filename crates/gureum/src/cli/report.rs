use std::io::Write;

use serde_json::{Value, json};

use super::Failure;
use crate::text::failures as text;

/// The version of the envelope's form.
const SCHEMA_VERSION: u32 = 1;

/// What a command says when it has done its work.
#[derive(Debug, Default)]
pub struct Report {
    /// For a person, without the last newline.
    pub words: String,
    /// For a person, beside the result: a log, a hint. Goes to standard error.
    pub aside: String,
    /// For a program.
    pub data: Value,
    pub warnings: Vec<String>,
    /// 0, or the code of a command that was run.
    pub exit_code: u8,
}

impl Report {
    pub fn new(words: impl Into<String>, data: Value) -> Self {
        Self { words: words.into(), data, ..Self::default() }
    }

    /// Text that is its own data.
    pub fn words(text: String) -> Self {
        Self { data: json!({ "text": text }), words: text, ..Self::default() }
    }

    /// Prints to standard output, and hints to standard error. A closed pipe is not an error of ours.
    pub fn print(&self, command: &str, as_json: bool) {
        if as_json {
            print_line(&envelope(command, "ok", &self.data, &self.warnings, &Value::Null));
            return;
        }
        for warning in &self.warnings {
            let _ = writeln!(std::io::stderr(), "{} {warning}", text::warning_prefix());
        }
        if !self.aside.is_empty() {
            let _ = writeln!(std::io::stderr(), "{}", self.aside.trim_end());
        }
        if !self.words.is_empty() {
            print_line(&self.words);
        }
    }
}

/// A line on standard output.
pub fn print_line(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}", line.trim_end_matches('\n'));
    let _ = out.flush();
}

fn envelope(command: &str, status: &str, data: &Value, warnings: &[String], error: &Value) -> String {
    json!({ "schemaVersion": SCHEMA_VERSION, "command": command, "status": status, "data": data, "warnings": warnings, "error": error })
        .to_string()
}

/// Prints a failure: words to standard error, or the envelope to standard output.
pub fn print_failure(failure: &Failure, command: &str, as_json: bool) {
    if as_json {
        let data = if let Failure::Unwell { report, .. } = failure { &report.data } else { &Value::Null };
        print_line(&envelope(command, "error", data, &[], &failure.envelope()));
        return;
    }
    if let Failure::Unwell { report, .. } = failure {
        report.print(command, false);
    }
    let mut err = std::io::stderr().lock();
    if let Failure::Function { log, .. } = failure {
        let _ = writeln!(err, "{}", log.trim_end());
    }
    let _ = writeln!(err, "{} {failure}", text::error_prefix());
    if !failure.hint().is_empty() {
        let _ = writeln!(err, "  → {}", failure.hint());
    }
}
