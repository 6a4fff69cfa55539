//! Events: each that was accepted succeeds, or is given up and told, once.

use std::time::Duration;

use super::counts::Expected;
use super::feeding::{Run, Verdict, millis};
use super::messages::Moment;
use super::{Answer, Ledger};
use crate::errands::{ERRAND, Told};

/// An event that is over is forgotten within so long, where no fault is at work.
const UNTIL_FORGOTTEN: Duration = Duration::from_secs(1);
/// Before the second try, and before each that follows. Source: Lambda Developer Guide, "How Lambda handles errors and retries with
/// asynchronous invocation".
const PAUSES: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(120)];
/// An event that is too old is over so long after.
const UNTIL_GIVEN_UP: Duration = Duration::from_secs(20);
/// Between the look at an event's age and its run.
const ON_ITS_WAY: Duration = Duration::from_secs(1);

#[derive(Clone, Debug, Default)]
pub(super) struct Event {
    pub asked: Option<Moment>,
    /// When its acceptance was answered.
    accepted: Option<Moment>,
    pub is_running: bool,
    first_run: Option<Moment>,
    failed: u32,
    /// When it last ran, or could not.
    last: Option<Moment>,
    ran_last: bool,
    succeeded: Option<Moment>,
    records: u32,
    letters: u32,
}

impl Ledger {
    pub fn new_event(&mut self) -> usize {
        self.events.push(Event::default());
        self.events.len() - 1
    }

    pub(super) fn end_invoke(&mut self, event: usize, answered: Moment, answer: &Answer) {
        match answer {
            Answer::Done => self.events[event].accepted = Some(answered),
            Answer::Refused(code) => self.breaks(format!("event {event} was refused: {code}")),
            _ => {}
        }
    }

    /// Answers the number of the run.
    pub fn begin_errand(&mut self, event: Option<usize>) -> u64 {
        self.look_at_disk();
        self.calls += 1;
        let number = self.calls;
        self.trace.say(format_args!("function {ERRAND}: {number} event {event:?}"));
        self.runs.insert(number, Run { queue: None, messages: Vec::new(), event });
        self.check_concurrency();
        match event.filter(|event| self.events.get(*event).is_some_and(|event| event.asked.is_some())) {
            Some(event) => self.check_run(event),
            None => self.breaks("an event runs that nobody has sent".to_owned()),
        }
        number
    }

    fn check_run(&mut self, n: usize) {
        let (now, errand) = (self.now(), self.plan.errand);
        let event = &self.events[n];
        let mut faults = Vec::new();
        if event.is_running {
            faults.push("while it runs".to_owned());
        }
        if event.succeeded.is_some_and(|at| self.is_over_since(at, now)) {
            faults.push("after it had succeeded".to_owned());
        }
        if event.records + event.letters > 0 && self.is_quiet(event, now) {
            faults.push("after its failure was told".to_owned());
        }
        let first = event.first_run.unwrap_or(now);
        if self.is_undisturbed(first.at, now.at) && event.failed > errand.retries.unsigned_abs() {
            faults.push(format!("after {} tries", event.failed));
        }
        let pause = usize::try_from(event.failed).ok().and_then(|failed| PAUSES.get(failed.checked_sub(1)?));
        let early = |last: Moment, pause: &Duration| now.shown < last.shown + millis(*pause);
        if let (Some(last), Some(pause)) = (event.last, pause)
            && self.is_undisturbed(first.at, now.at)
            && early(last, pause)
            && event.ran_last
        {
            faults.push("before its pause was over".to_owned());
        }
        let age = Duration::from_secs(u64::from(errand.age_s.unsigned_abs()));
        let old = event.accepted.is_some_and(|at| now.shown > at.shown + millis(age + ON_ITS_WAY));
        if old && self.is_undisturbed(now.at.saturating_sub(ON_ITS_WAY), now.at) {
            faults.push("although it is too old".to_owned());
        }
        for fault in faults {
            self.breaks(format!("event {n} runs {fault}"));
        }
        self.events[n].is_running = true;
        self.events[n].first_run.get_or_insert(now);
    }

    pub(super) fn end_errand(&mut self, n: usize, verdict: &Verdict) {
        let now = self.now();
        let Some(event) = self.events.get_mut(n) else { return };
        event.is_running = false;
        event.last = Some(now);
        event.ran_last = !matches!(verdict, Verdict::NotRun);
        match verdict {
            Verdict::NotRun => {}
            Verdict::Failed => event.failed += 1,
            Verdict::Handled { .. } => drop(event.succeeded.get_or_insert(now)),
        }
    }

    /// What happened then is remembered, or has been written: nobody will do it again.
    fn is_over_since(&self, at: Moment, now: Moment) -> bool {
        let written = at.at + UNTIL_FORGOTTEN;
        self.lives_since(at.at) || (written < now.at && self.is_undisturbed(at.at, written))
    }

    /// No fault since it last ran, or was accepted: nothing may have happened twice.
    fn is_quiet(&self, event: &Event, now: Moment) -> bool {
        let since = event.last.or(event.accepted).or(event.asked);
        since.is_some_and(|since| self.is_undisturbed(since.at, now.at))
    }

    /// A queue was told that an event has failed.
    pub fn told(&mut self, told: &Told) {
        self.trace.say(format_args!("told: {told:?}"));
        let known = told.event.filter(|event| self.events.get(*event).is_some_and(|event| event.asked.is_some()));
        let Some(n) = known else { return self.breaks(format!("a queue was told of something else: {told:?}")) };
        let (now, errand) = (self.now(), self.plan.errand);
        let event = &mut self.events[n];
        let seen = if told.record.is_some() { &mut event.records } else { &mut event.letters };
        *seen += 1;
        let twice = *seen > 1;
        let event = &self.events[n];
        let mut faults = Vec::new();
        if twice && self.is_quiet(event, now) {
            faults.push("twice".to_owned());
        }
        if event.succeeded.is_some_and(|at| self.is_over_since(at, now)) {
            faults.push("although it had succeeded".to_owned());
        }
        if let Some((condition, runs)) = &told.record {
            let tries = errand.retries.unsigned_abs() + 1;
            let fits = match condition.as_str() {
                "RetriesExhausted" => *runs == tries,
                "EventAgeExceeded" => *runs < tries,
                _ => false,
            };
            if !fits || *runs > event.failed {
                faults.push(format!("as {condition} after {runs} runs, and it failed {} times", event.failed));
            }
        }
        for fault in faults {
            self.breaks(format!("event {n} was told {fault}"));
        }
    }

    /// Whether something may still become of an event.
    pub fn waits_for_events(&self) -> bool {
        let now = self.now();
        let age_ms = i64::from(self.plan.errand.age_s) * 1000;
        self.events.iter().enumerate().any(|(n, event)| {
            let latest = event.asked.map_or(i64::MIN, |asked| asked.shown + age_ms + millis(UNTIL_GIVEN_UP));
            latest > now.shown && !self.has_ended(n)
        })
    }

    fn has_ended(&self, n: usize) -> bool {
        let (event, errand, now) = (&self.events[n], self.plan.errand, self.now());
        let told = event.records >= u32::from(errand.records) && event.letters >= u32::from(errand.dead_letters);
        let tells = errand.records || errand.dead_letters;
        let given_up = event.failed > errand.retries.unsigned_abs();
        let over = event.succeeded.is_some_and(|at| self.is_over_since(at, now)) || (told && (tells || given_up));
        over && !event.is_running
    }

    pub(super) fn expected_of_events(&self) -> Vec<Expected> {
        let of = ("FunctionName", ERRAND);
        let expect = |names, at_least, at_most| Expected { names, of, at_least, at_most };
        let asked = self.events.iter().filter(|event| event.asked.is_some());
        let accepted = self.events.iter().filter(|event| event.accepted.is_some());
        let failed: usize = self.events.iter().map(|event| event.failed as usize).sum();
        let dropped = accepted.clone().filter(|event| event.succeeded.is_none());
        let not_dropped = self.events.iter().filter(|event| event.asked.is_some() && event.succeeded.is_some()).count();
        let all = asked.count();
        vec![
            expect(&["AsyncEventsReceived"], accepted.count(), all),
            expect(&["AsyncEventsDropped"], dropped.count(), all - not_dropped),
            expect(&["Errors"], failed, failed),
        ]
    }

    /// All that could happen has happened: what was accepted has ended in one way.
    pub fn check_events(&mut self) {
        let errand = self.plan.errand;
        for n in 0..self.events.len() {
            let event = self.events[n].clone();
            let Some(asked) = event.asked.filter(|_| event.accepted.is_some()) else { continue };
            let missing = event.records < u32::from(errand.records) || event.letters < u32::from(errand.dead_letters);
            // A queue that cannot be told is not told again.
            if event.succeeded.is_none() && missing && !self.may_have_refused_since(asked.at) {
                let tries = event.failed;
                self.breaks(format!("event {n} was accepted, failed {tries} times, and nobody was told"));
            }
        }
    }
}
