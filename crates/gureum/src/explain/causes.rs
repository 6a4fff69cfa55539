//! How an invocation ended, as a clause, and what to do about it.

use telemetry::What;

use super::Explanation;
use super::words::{error, length, sentence};
use crate::text::{Language, why as text};

/// What a handler's error says when it parsed `event.body` of an event that has none: Node 20 and later, and before.
const PARSED_UNDEFINED: [&str; 3] = [
    "\"undefined\" is not valid JSON",
    "Unexpected token u in JSON at position 0",
    "Unexpected token 'u', \"undefined\" is not valid JSON",
];

/// Of an outcome; `alike` says that it was the same each of several times.
pub(super) fn clause(what: &What, alike: bool, language: Language) -> Option<String> {
    Some(match what {
        What::TimedOut { function, timeout_ms, .. } => text::timed_out(language, function, length(*timeout_ms)),
        What::HandlerFailed { function, error_type, message, .. } if alike => {
            text::failed_alike(language, function, error(error_type, message))
        }
        What::HandlerFailed { function, error_type, message, .. } => {
            text::failed(language, function, error(error_type, message))
        }
        What::Crashed { function, memory_mb, max_memory_mb, .. } if out_of_memory(what) => {
            text::out_of_memory(language, function, max_memory_mb, memory_mb)
        }
        What::Crashed { function, error_type, message, .. } => {
            text::crashed(language, function, error(error_type, message))
        }
        What::ImportRefused { function, runtime, error_type, message } => {
            text::import_refused(language, function, runtime, error(error_type, message))
        }
        What::NotStarted { function, runtime, reason } => {
            text::not_started(language, function, runtime, error("", reason))
        }
        _ => return None,
    })
}

/// What follows from an outcome; `by_queue` says that a mapping had sent it messages of SQS.
pub(super) fn consequences(what: &What, by_queue: bool, language: Language, into: &mut Explanation) {
    match what {
        What::TimedOut { function, timeout_ms, log_group, log_stream } => {
            into.advise(text::raise_timeout(language, function));
            if by_queue {
                let visibility = timeout_ms.saturating_mul(6);
                into.advise(text::visibility_follows(language, length(visibility), length(*timeout_ms)));
            }
            see_log(function, log_group, log_stream, language, into);
        }
        What::HandlerFailed { function, message, error_type, log_group, log_stream, .. } => {
            if by_queue && PARSED_UNDEFINED.iter().any(|told| message.contains(told)) {
                into.say(sentence(text::sqs_has_no_body(language)));
                into.advise(text::read_records(language));
            }
            if by_queue && error_type == "KeyError" && message == "'body'" {
                into.say(sentence(text::sqs_has_no_body_key(language)));
                into.advise(text::read_records_in_python(language));
            }
            if message.to_ascii_lowercase().contains("permission denied") && message.contains("/var/task") {
                into.advise(text::readable_files(language));
            }
            see_log(function, log_group, log_stream, language, into);
        }
        What::Crashed { function, memory_mb, log_group, log_stream, .. } => {
            if out_of_memory(what) {
                into.advise(text::more_memory(language, function, memory_mb));
            }
            see_log(function, log_group, log_stream, language, into);
        }
        What::ImportRefused { function, runtime, message, .. } => {
            import_refused(function, runtime, message, language, into);
        }
        What::NotStarted { runtime, .. } => into.advise(text::install_runtime(language, runtime)),
        _ => {}
    }
}

fn see_log(function: &str, group: &str, stream: &str, language: Language, into: &mut Explanation) {
    if !stream.is_empty() {
        into.advise(text::see_log(language, function, group, stream));
    }
}

fn out_of_memory(what: &What) -> bool {
    matches!(what, What::Crashed { error_type, memory_mb, max_memory_mb, .. }
        if error_type == "Runtime.OutOfMemory" || (*memory_mb > 0 && max_memory_mb >= memory_mb))
}

/// Source: Lambda Developer Guide, "Building Lambda functions with Node.js": up to nodejs16.x the runtime brings v2 of the SDK,
/// from nodejs18.x on v3.
fn import_refused(function: &str, runtime: &str, message: &str, language: Language, into: &mut Explanation) {
    let node: Option<u32> = runtime.strip_prefix("nodejs").and_then(|version| version.split('.').next()?.parse().ok());
    let missing = |module: &str| message.contains(&format!("'{module}"));
    match node {
        Some(..=16) if missing("@aws-sdk/") || missing("@smithy/") => {
            into.say(sentence(text::brings_sdk_2(language, runtime)));
            into.advise(text::bring_sdk_3(language));
        }
        Some(18..) if missing("aws-sdk'") || missing("aws-sdk/") => {
            into.say(sentence(text::brings_sdk_3(language, runtime)));
            into.advise(text::bring_sdk_2(language));
        }
        Some(_) if message.contains("Cannot use import statement outside a module") => {
            into.advise(text::make_it_a_module(language));
        }
        _ => into.advise(text::check_package(language, function)),
    }
}
