//! What functions do that mappings feed: succeed, fail, take too long, crash, or do not even start.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use kernel::{BoxFuture, Clock};
use runtime::FunctionSpec;
use serde_json::{Value, json};
use testkit::{Dice, Ended, Play, SimClock};

use crate::body;
use crate::errands::{ERRAND, event_of};
use crate::ledger::{Fed, Shared, Verdict};

pub struct Worker {
    shared: Shared,
    clock: SimClock,
    dice: Mutex<Dice>,
}

/// What becomes of an invocation.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Succeeds,
    /// Says what failed of its batch; perhaps nothing.
    NamesFailures,
    /// Says something that nobody understands.
    Babbles,
    Fails,
    TimesOut,
    Crashes,
    DoesNotStart,
}

impl Worker {
    pub fn new(shared: Shared, clock: SimClock, dice: Dice) -> Self {
        Self { shared, clock, dice: Mutex::new(dice) }
    }

    fn dice(&self) -> MutexGuard<'_, Dice> {
        self.dice.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What happens, and after how long.
    fn fate(&self, timeout: Duration) -> (Fate, Duration) {
        let mut dice = self.dice();
        let most = u64::try_from(timeout.as_millis()).unwrap_or(1000);
        if self.shared.lock().is_calm() {
            return (Fate::Succeeds, Duration::from_millis(1));
        }
        let (fate, millis) = match dice.below(100) {
            0..=39 => (Fate::Succeeds, dice.between(1, 300)),
            40..=47 => (Fate::Succeeds, dice.between(300, most - 1)),
            48..=62 => (Fate::NamesFailures, dice.between(1, 300)),
            63..=68 => (Fate::Babbles, dice.between(1, 300)),
            69..=79 => (Fate::Fails, dice.between(1, 300)),
            80..=87 => return (Fate::TimesOut, timeout),
            88..=94 => (Fate::Crashes, dice.between(1, 500)),
            _ => (Fate::DoesNotStart, dice.between(1, 50)),
        };
        (fate, Duration::from_millis(millis.min(most)))
    }

    /// What becomes of an event. Those that wait for their retries meet this when all else is over.
    fn errand(&self, timeout: Duration) -> (Fate, Duration) {
        let mut dice = self.dice();
        let (fate, millis) = match dice.below(100) {
            0..=44 => (Fate::Succeeds, dice.between(1, 900)),
            45..=74 => (Fate::Fails, dice.between(1, 900)),
            75..=80 => return (Fate::TimesOut, timeout),
            81..=88 => (Fate::Crashes, dice.between(1, 500)),
            _ => (Fate::DoesNotStart, dice.between(1, 50)),
        };
        (fate, Duration::from_millis(millis))
    }

    /// How it ends for the platform, and what that comes to.
    fn end(&self, fate: Fate, reports: bool, fed: &[Fed]) -> (Ended, Verdict) {
        let answered = |answer: Value| Ended::Answered(Bytes::from(answer.to_string()));
        match fate {
            Fate::Succeeds => (answered(Value::Null), Verdict::Handled { but: Vec::new() }),
            Fate::NamesFailures => {
                let failed: Vec<&Fed> = fed.iter().filter(|_| self.dice().percent(40)).collect();
                let named: Vec<Value> = failed.iter().map(|one| json!({ "itemIdentifier": one.id })).collect();
                let but = failed.iter().filter(|_| reports).filter_map(|one| one.n).collect();
                (answered(json!({ "batchItemFailures": named })), Verdict::Handled { but })
            }
            Fate::Babbles => {
                let verdict = if reports { Verdict::Failed } else { Verdict::Handled { but: Vec::new() } };
                (Ended::Answered(Bytes::from(babble(self.dice().below(5), fed))), verdict)
            }
            Fate::Fails => (Ended::Failed, Verdict::Failed),
            Fate::TimesOut => (Ended::TimedOut, Verdict::Failed),
            Fate::Crashes => (Ended::Crashed, Verdict::Failed),
            Fate::DoesNotStart => (Ended::NotStarted, Verdict::NotRun),
        }
    }
}

/// Answers that fail a whole batch. Source: Lambda Developer Guide, "Implementing partial batch responses", failure conditions.
fn babble(kind: u64, fed: &[Fed]) -> String {
    let first = fed.first().map(|one| one.id.as_str()).unwrap_or_default();
    let answer = match kind {
        0 => return "done, mostly".to_owned(),
        1 => json!({ "batchItemFailures": [{ "itemIdentifier": "" }] }),
        2 => json!({ "batchItemFailures": [{ "id": first }] }),
        3 => json!({ "batchItemFailures": [{ "itemIdentifier": first }, { "itemIdentifier": "a stranger" }] }),
        _ => json!({ "batchItemFailures": [{ "itemIdentifier": null }] }),
    };
    answer.to_string()
}

impl Play for Worker {
    fn run(&self, spec: Arc<FunctionSpec>, payload: Bytes) -> BoxFuture<'static, Ended> {
        let (shared, clock) = (self.shared.clone(), self.clock.clone());
        let event: Value = serde_json::from_slice(&payload).unwrap_or_default();
        if spec.function_name == ERRAND {
            let (fate, time) = self.errand(spec.timeout);
            let run = shared.lock().begin_errand(event_of(&event));
            let (ended, verdict) = self.end(fate, false, &[]);
            return Box::pin(async move {
                clock.pause(time).await;
                shared.lock().end_run(run, &verdict);
                ended
            });
        }
        let (fate, time) = self.fate(spec.timeout);
        let fed = fed(&event);
        let (run, reports) = shared.lock().begin_run(&spec.function_name, &fed);
        let (ended, verdict) = self.end(fate, reports, &fed);
        Box::pin(async move {
            clock.pause(time).await;
            shared.lock().end_run(run, &verdict);
            ended
        })
    }
}

fn fed(event: &Value) -> Vec<Fed> {
    let records = event["Records"].as_array().cloned().unwrap_or_default();
    let one = |record: Value| {
        let attribute = |name: &str| record["attributes"][name].as_str().and_then(|text| text.parse::<u128>().ok());
        Fed {
            n: record["body"].as_str().and_then(body::number),
            id: record["messageId"].as_str().unwrap_or_default().to_owned(),
            receives: attribute("ApproximateReceiveCount").unwrap_or(0) as u32,
            first_received: attribute("ApproximateFirstReceiveTimestamp").and_then(|ms| i64::try_from(ms).ok()),
            sequence: attribute("SequenceNumber"),
        }
    };
    records.into_iter().map(one).collect()
}
