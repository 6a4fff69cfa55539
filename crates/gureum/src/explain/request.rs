//! Why a request ended as it did.

use telemetry::{Fact, What};

use super::words::{function as named, length, messages, name, sentence, times};
use super::{Explanation, causes, throttle};
use crate::text::{Language, why as text};

/// Source: Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations", `condition`.
const TOO_OLD: &str = "EventAgeExceeded";
const A_LOOP: &str = "RecursiveLoop";
const NOT_RESERVED: &str = "ZeroReservedConcurrency";

pub(super) fn explain(id: &str, facts: &[Fact], language: Language, into: &mut Explanation) {
    let own: Vec<&Fact> = facts.iter().filter(|fact| fact.requests.iter().any(|request| request == id)).collect();
    let by_queue = own.iter().any(|fact| matches!(fact.what, What::BatchFailed { .. } | What::BatchDropped { .. }));
    let throttles: Vec<&Fact> =
        own.iter().copied().filter(|fact| matches!(fact.what, What::Throttled { .. })).collect();
    if let Some(last) = throttles.last() {
        throttle::say(last, throttles.len(), by_queue, facts, language, into);
    }
    for fact in own {
        if let Some(clause) = causes::clause(&fact.what, false, language) {
            into.say(sentence(capital(&clause)));
            causes::consequences(&fact.what, by_queue, language, into);
        } else {
            other(fact, language, into);
        }
    }
}

fn other(fact: &Fact, language: Language, into: &mut Explanation) {
    let count = messages(fact.messages.len(), language);
    let message = fact.messages.first().map(String::as_str).unwrap_or_default();
    let said = match &fact.what {
        What::BatchFailed { queue, partly: true, .. } => text::batch_given_back(language, count, name(queue)),
        What::BatchFailed { queue, .. } => text::batch_failed(language, count, name(queue)),
        What::BatchDropped { function, queue, throttles, waited_ms, .. } => {
            let lost = text::throttled_away(language, named(function), times(*throttles, language), length(*waited_ms));
            into.say(sentence(lost));
            text::batch_dropped(language, count, name(queue))
        }
        What::EventDropped { function, condition, .. } if condition == NOT_RESERVED => {
            into.advise(text::lift_zero(language, function));
            text::event_dropped_by_reservation(language, function)
        }
        What::EventDropped { function, condition, .. } if condition == A_LOOP => {
            into.advise(text::break_loop(language, function));
            text::event_in_a_loop(language, function)
        }
        What::EventDropped { function, condition, runs } if condition == TOO_OLD => {
            text::event_too_old(language, function, times(*runs, language))
        }
        What::EventDropped { function, condition, runs } => {
            text::event_dropped(language, function, times(*runs, language), condition)
        }
        What::AnswerRefused { function } => {
            into.advise(text::answer_properly(language));
            text::answer_refused(language, function)
        }
        What::Redelivered { queue, receives, .. } => {
            text::received_again(language, message, name(queue), times(*receives, language))
        }
        What::SettledLate { queue, late_ms, .. } => {
            into.advise(text::visibility_longer(language));
            text::deleted_late(language, message, name(queue), length(*late_ms))
        }
        What::DeadLettered { queue, dead_letter_queue, receives, max_receives, .. } => text::dead_lettered(
            language,
            message,
            name(queue),
            name(dead_letter_queue),
            times(*receives, language),
            max_receives,
        ),
        _ => return,
    };
    into.say(sentence(said));
}

/// A clause at the beginning of a sentence; a function's own name stays as it is written.
fn capital(clause: &str) -> String {
    match clause.strip_prefix("the ") {
        Some(rest) => format!("The {rest}"),
        None => clause.to_owned(),
    }
}
