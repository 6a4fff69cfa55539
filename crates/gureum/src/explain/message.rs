//! Why a message came again, was handled twice, or went to the dead-letter queue: its tries, and what each ended in.

use telemetry::{Fact, What};

use super::words::{function as named, length, name, seconds, sentence, times};
use super::{Explanation, causes, outcome, throttle};
use crate::text::{Language, why as text};

/// A run that ended so much before the message was handed out again does not count as overlapping. Units: milliseconds.
const SLACK_MS: i64 = 50;

/// A receive of which it is known what became of it.
struct Try<'a> {
    /// The mapping's word on it.
    batch: &'a What,
    /// How its invocation ended.
    outcome: Option<&'a Fact>,
    /// Why it was not let run.
    throttle: Option<&'a What>,
}

impl Try<'_> {
    fn clause(&self, alike: bool, language: Language) -> String {
        if let Some(clause) = self.outcome.and_then(|fact| causes::clause(&fact.what, alike, language)) {
            return clause;
        }
        match self.batch {
            What::BatchDropped { function, throttles, waited_ms, .. } => {
                text::throttled_away(language, named(function), times(*throttles, language), length(*waited_ms))
            }
            What::BatchFailed { function, partly: true, .. } => text::gave_back(language, named(function)),
            What::BatchFailed { function, .. } => text::failed_somehow(language, named(function)),
            _ => String::new(),
        }
    }

    /// Whether both ended in the same, numbers of the moment aside.
    fn is_like(&self, other: &Self) -> bool {
        match (self.outcome.map(|fact| &fact.what), other.outcome.map(|fact| &fact.what)) {
            (Some(What::TimedOut { timeout_ms: a, .. }), Some(What::TimedOut { timeout_ms: b, .. })) => a == b,
            (
                Some(What::HandlerFailed { error_type: a, message: x, .. }),
                Some(What::HandlerFailed { error_type: b, message: y, .. }),
            )
            | (
                Some(What::ImportRefused { error_type: a, message: x, .. }),
                Some(What::ImportRefused { error_type: b, message: y, .. }),
            ) => (a, x) == (b, y),
            // A crash names its request in its message.
            (Some(What::Crashed { error_type: a, .. }), Some(What::Crashed { error_type: b, .. })) => a == b,
            (Some(What::NotStarted { reason: a, .. }), Some(What::NotStarted { reason: b, .. })) => a == b,
            (None, None) => match (self.batch, other.batch) {
                (What::BatchDropped { .. }, What::BatchDropped { .. }) => true,
                (What::BatchFailed { partly: a, .. }, What::BatchFailed { partly: b, .. }) => a == b,
                _ => false,
            },
            _ => false,
        }
    }
}

pub(super) fn explain(id: &str, facts: &[Fact], language: Language, into: &mut Explanation) {
    let mut own: Vec<&Fact> = facts.iter().filter(|fact| fact.messages.iter().any(|message| message == id)).collect();
    // Its life ends in the dead-letter queue; who looks at it there is not asked about. The end of its last try may be told later
    // than its own.
    let grave = own.iter().rev().find(|fact| matches!(fact.what, What::DeadLettered { .. }));
    if let Some(queue) = grave.and_then(|fact| queue_of(&fact.what)) {
        own.retain(|fact| queue_of(&fact.what).is_none_or(|other| other == queue));
    }
    let tries: Vec<Try<'_>> = own.iter().filter_map(|fact| try_of(fact, facts)).collect();
    let receives = headline(id, &own, tries.len(), language, into);
    for group in alike(&tries) {
        let Some(first) = group.first() else { continue };
        let clause = first.clause(group.len() > 1, language);
        into.say(text::counted(language, group.len(), receives.max(group.len()), clause));
        if let Some(throttle) = group.iter().rev().find_map(|each| each.throttle) {
            throttle::limit(throttle, facts, language, into);
        }
        if let Some(fact) = first.outcome {
            causes::consequences(&fact.what, true, language, into);
        }
    }
    unknown(&own, receives, tries.len(), language, into);
    twice(&own, &tries, language, into);
    advise(&own, language, into);
}

fn try_of<'a>(fact: &'a Fact, facts: &'a [Fact]) -> Option<Try<'a>> {
    let throttle = || {
        let mut met = facts.iter().filter(|other| matches!(other.what, What::Throttled { .. }));
        met.rfind(|other| other.requests.iter().any(|id| fact.requests.contains(id))).map(|other| &other.what)
    };
    match &fact.what {
        What::BatchFailed { .. } => {
            Some(Try { batch: &fact.what, outcome: outcome(&fact.requests, facts), throttle: None })
        }
        What::BatchDropped { .. } => Some(Try { batch: &fact.what, outcome: None, throttle: throttle() }),
        _ => None,
    }
}

fn queue_of(what: &What) -> Option<&str> {
    match what {
        What::BatchFailed { queue, .. }
        | What::BatchDropped { queue, .. }
        | What::Redelivered { queue, .. }
        | What::SettledLate { queue, .. }
        | What::DeadLettered { queue, .. } => Some(queue),
        _ => None,
    }
}

/// What happened to the message. Answers how often it was received, as far as that is known.
fn headline(id: &str, own: &[&Fact], tries: usize, language: Language, into: &mut Explanation) -> usize {
    let mut again = None;
    for fact in own.iter().rev() {
        match &fact.what {
            What::DeadLettered { queue, dead_letter_queue, receives, max_receives, .. } => {
                let (queue, dead) = (name(queue), name(dead_letter_queue));
                let said = match (receives, max_receives) {
                    (1, 1) => text::dead_lettered_at_once(language, id, queue, dead),
                    _ => text::dead_lettered(language, id, queue, dead, times(*receives, language), max_receives),
                };
                into.say(sentence(said));
                return usize::try_from(*receives).unwrap_or(usize::MAX);
            }
            What::Redelivered { queue, receives, .. } if again.is_none() => again = Some((queue, *receives)),
            _ => {}
        }
    }
    if let Some((queue, receives)) = again {
        into.say(sentence(text::received_again(language, id, name(queue), times(receives, language))));
        return usize::try_from(receives).unwrap_or(usize::MAX);
    }
    if let Some(queue) = own.iter().find_map(|fact| queue_of(&fact.what)).map(name) {
        into.say(sentence(text::tried(language, id, queue, times(tries, language))));
    }
    tries
}

/// Tries that ended in the same, in the order of the first of each kind.
fn alike<'a, 'b>(tries: &'b [Try<'a>]) -> Vec<Vec<&'b Try<'a>>> {
    let mut groups: Vec<Vec<&Try<'a>>> = Vec::new();
    for each in tries {
        match groups.iter_mut().find(|group| group.first().is_some_and(|first| first.is_like(each))) {
            Some(group) => group.push(each),
            None => groups.push(vec![each]),
        }
    }
    groups
}

/// Receives of which nobody has told an end. The last of a message that is still in its queue may be under way.
fn unknown(own: &[&Fact], receives: usize, tries: usize, language: Language, into: &mut Explanation) {
    let dead = own.iter().any(|fact| matches!(fact.what, What::DeadLettered { .. }));
    let ended = if dead { receives } else { receives.saturating_sub(1) };
    if tries >= ended {
        return;
    }
    // Each receive but the first leaves a record: where the early ones are missing, they were dropped.
    let first_known = own.iter().find_map(|fact| match fact.what {
        What::Redelivered { receives, .. } => usize::try_from(receives).ok(),
        _ => None,
    });
    let dropped = first_known.unwrap_or(receives.saturating_add(1)).saturating_sub(2).min(ended - tries);
    if dropped > 0 {
        into.say(sentence(text::forgotten(language, dropped)));
    }
    let silent = ended - tries - dropped;
    if silent == 0 {
        return;
    }
    into.say(text::counted(language, silent, receives, text::not_deleted(language)));
    let last = own.iter().rev().find_map(|fact| match &fact.what {
        What::Redelivered { hidden_ms, visibility_timeout_s, receiver, .. } => {
            Some((*hidden_ms, *visibility_timeout_s, receiver))
        }
        _ => None,
    });
    if let Some((hidden_ms, visibility_s, receiver)) = last {
        if tries == 0 {
            let hidden = text::hidden_for(language, length(hidden_ms), seconds(visibility_s));
            into.say(sentence(hidden));
        }
        into.say(sentence(text::last_receiver(language, receiver)));
    }
    into.advise(text::visibility_longer(language));
}

/// Whether it was handed out while an earlier receiver still worked on it, and by how much.
fn twice(own: &[&Fact], tries: &[Try<'_>], language: Language, into: &mut Explanation) {
    for fact in own {
        match &fact.what {
            What::Redelivered { hidden_ms, .. } => {
                let overlapped = tries.iter().find_map(|each| still_running(each.outcome?, fact));
                if let Some((function, ran_ms, over_ms)) = overlapped {
                    let (hidden, ran, over) = (length(*hidden_ms), length(ran_ms), length(over_ms));
                    into.say(sentence(text::overlapped(language, hidden, function, ran, over)));
                    into.advise(text::visibility_longer(language));
                    return;
                }
            }
            What::SettledLate { late_ms, receives, .. } => {
                let hidden = own.iter().find_map(|other| match &other.what {
                    What::Redelivered { hidden_ms, receives: nth, .. } if nth == receives => Some(length(*hidden_ms)),
                    _ => None,
                });
                let hidden = hidden.unwrap_or_else(|| text::of_that_receive(language));
                into.say(sentence(text::settled_late(language, length(*late_ms), hidden)));
                into.advise(text::visibility_longer(language));
                return;
            }
            _ => {}
        }
    }
}

/// Whether a run that ended as `outcome` says was under way when the message was handed out again: its function, how long it
/// ran, and how long after that it ended. Units: milliseconds.
fn still_running<'a>(outcome: &'a Fact, again: &Fact) -> Option<(&'a str, u64, u64)> {
    let (function, ran_ms) = match &outcome.what {
        What::TimedOut { function, timeout_ms, .. } => (function, *timeout_ms),
        What::HandlerFailed { function, ran_ms, .. } => (function, *ran_ms),
        _ => return None,
    };
    let over_ms = outcome.at.millis().saturating_sub(again.at.millis());
    let before_ms = i64::try_from(ran_ms).ok()?.saturating_sub(over_ms);
    let overlaps = over_ms > SLACK_MS && before_ms > SLACK_MS;
    overlaps.then_some((function.as_str(), ran_ms, u64::try_from(over_ms).unwrap_or(0)))
}

fn advise(own: &[&Fact], language: Language, into: &mut Explanation) {
    let throttled = own.iter().any(|fact| matches!(fact.what, What::BatchDropped { .. }));
    for fact in own {
        if let What::DeadLettered { max_receives, dead_letter_queue, .. } = &fact.what {
            if *max_receives == 1 || (throttled && *max_receives < 5) {
                into.advise(text::more_receives(language));
            }
            into.advise(text::move_back(language, dead_letter_queue));
        }
    }
}
