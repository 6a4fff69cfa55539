//! Why a function was not let run: which limit it was, and who held the room.

use telemetry::{Fact, Holder, Limit, Via, What};

use super::words::{length, sentence, times};
use super::{Explanation, outcome};
use crate::text::{Language, why as text};

/// A throttle that was met so many times, from its last.
/// `by_queue` says that a mapping called.
pub(super) fn say(
    fact: &Fact,
    count: usize,
    by_queue: bool,
    facts: &[Fact],
    language: Language,
    into: &mut Explanation,
) {
    let What::Throttled { function, via, .. } = &fact.what else { return };
    let met = match via {
        Via::Invoke if by_queue => text::throttled_mapping(language, function, times(count, language)),
        Via::Invoke => text::throttled_invoke(language, function),
        Via::FunctionUrl => text::throttled_url(language, function),
        Via::Event => text::throttled_event(language, function, times(count, language)),
        Via::EventSourceMapping => text::throttled_mapping(language, function, times(count, language)),
    };
    into.say(sentence(met));
    limit(&fact.what, facts, language, into);
}

/// The limit that was reached, and what to do about it.
pub(super) fn limit(throttled: &What, facts: &[Fact], language: Language, into: &mut Explanation) {
    let What::Throttled { function, limit, holders, .. } = throttled else { return };
    match *limit {
        Limit::Account { concurrency, unreserved } => {
            let in_use = holders.iter().fold(0_u32, |sum, holder| sum.saturating_add(holder.running));
            let held = match in_use {
                0 => text::account_full_by_unknown(language, unreserved),
                _ => text::account_full(language, in_use, unreserved, who(holders, language)),
            };
            into.say(sentence(held));
            if unreserved < concurrency {
                let reserved = text::reserved_for_others(language, concurrency - unreserved, concurrency);
                into.say(sentence(reserved));
            }
            slow_holders(holders, facts, language, into);
            into.advise(text::raise_account_limit(language, function));
        }
        Limit::Reserved { concurrency: 0 } => {
            into.say(sentence(text::reserved_zero(language, function)));
            into.advise(text::lift_zero(language, function));
        }
        Limit::Reserved { concurrency } => {
            let longest = holders.iter().filter_map(|holder| holder.longest_ms).max();
            let longest = longest.map(|ms| text::oldest_running_for(language, length(ms))).unwrap_or_default();
            into.say(sentence(text::reserved_full(language, function, concurrency, longest)));
            slow_holders(holders, facts, language, into);
            into.advise(text::raise_reservation(language, function));
        }
        Limit::ScalingRate { environments } => {
            into.say(sentence(text::scaling_rate(language, function, environments)));
            into.advise(text::ramp_up(language));
        }
        Limit::RequestRate { per_second } => {
            into.say(sentence(text::request_rate(language, function, per_second)));
            into.advise(text::ramp_up(language));
        }
    }
}

/// Whoever held most is named first.
fn who(holders: &[Holder], language: Language) -> String {
    let mut holders: Vec<&Holder> = holders.iter().collect();
    holders.sort_by(|a, b| b.running.cmp(&a.running).then_with(|| a.function.cmp(&b.function)));
    let named = holders.into_iter().map(|Holder { function, running, longest_ms, .. }| match longest_ms {
        Some(ms) => text::holder_for(language, running, function, length(*ms)),
        None => text::holder(language, running, function),
    });
    named.collect::<Vec<_>>().join(", ")
}

/// Holders whose runs are known to have ended at their timeout.
fn slow_holders(holders: &[Holder], facts: &[Fact], language: Language, into: &mut Explanation) {
    for holder in holders {
        if let Some(What::TimedOut { function, timeout_ms, .. }) =
            outcome(&holder.requests, facts).map(|fact| &fact.what)
        {
            into.say(sentence(text::holders_timed_out(language, function, length(*timeout_ms))));
            into.advise(text::shorten_holder(language, function));
        }
    }
}
