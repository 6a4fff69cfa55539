//! From facts to sentences. Pure: facts and a language in, words out. What the facts do not show is said to be unknown, not
//! guessed.

mod causes;
mod message;
mod request;
#[cfg(test)]
mod tests;
mod throttle;
mod words;

use telemetry::{About, Fact, Story, What};

use crate::text::Language;

/// What happened and why, and apart from it what to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    pub sentences: Vec<String>,
    pub advice: Vec<String>,
}

impl Explanation {
    fn say(&mut self, sentence: String) {
        if !self.sentences.contains(&sentence) {
            self.sentences.push(sentence);
        }
    }

    fn advise(&mut self, advice: String) {
        if !self.advice.contains(&advice) {
            self.advice.push(advice);
        }
    }
}

/// Shape: nothing is said when nothing is known.
pub fn explain(story: &Story, language: Language) -> Explanation {
    let mut explanation = Explanation::default();
    match &story.about {
        About::Request(id) => request::explain(id, &story.facts, language, &mut explanation),
        About::Message(id) => message::explain(id, &story.facts, language, &mut explanation),
    }
    explanation
}

/// How the invocation of one of these requests ended, where that is known.
fn outcome<'a>(requests: &[String], facts: &'a [Fact]) -> Option<&'a Fact> {
    facts.iter().find(|fact| is_outcome(&fact.what) && fact.requests.iter().any(|id| requests.contains(id)))
}

fn is_outcome(what: &What) -> bool {
    matches!(
        what,
        What::TimedOut { .. }
            | What::Crashed { .. }
            | What::ImportRefused { .. }
            | What::HandlerFailed { .. }
            | What::NotStarted { .. }
    )
}
