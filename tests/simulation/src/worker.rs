//! What functions do that mappings feed: succeed, fail, take too long, crash, or do not even start.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use kernel::{BoxFuture, Clock};
use runtime::FunctionSpec;
use serde_json::Value;
use testkit::{Dice, Ended, Play, SimClock};

use crate::ledger::{Fed, Shared};

pub struct Worker {
    shared: Shared,
    clock: SimClock,
    dice: Mutex<Dice>,
}

impl Worker {
    pub fn new(shared: Shared, clock: SimClock, dice: Dice) -> Self {
        Self { shared, clock, dice: Mutex::new(dice) }
    }

    /// What happens, and after how long.
    fn fate(&self, timeout: Duration) -> (Ended, Duration) {
        let mut dice = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
        let most = u64::try_from(timeout.as_millis()).unwrap_or(1000);
        let answered = || Ended::Answered(Bytes::from_static(b"null"));
        if self.shared.lock().is_calm() {
            return (answered(), Duration::from_millis(1));
        }
        let (fate, millis) = match dice.below(100) {
            0..=54 => (answered(), dice.between(1, 300)),
            55..=64 => (answered(), dice.between(300, most - 1)),
            65..=79 => (Ended::Failed, dice.between(1, 300)),
            80..=87 => return (Ended::TimedOut, timeout),
            88..=94 => (Ended::Crashed, dice.between(1, 500)),
            _ => (Ended::NotStarted, dice.between(1, 50)),
        };
        (fate, Duration::from_millis(millis.min(most)))
    }
}

impl Play for Worker {
    fn run(&self, spec: Arc<FunctionSpec>, payload: Bytes) -> BoxFuture<'static, Ended> {
        let (fate, time) = self.fate(spec.timeout);
        let (shared, clock) = (self.shared.clone(), self.clock.clone());
        let run = shared.lock().begin_run(&spec.function_name, &fed(&payload));
        Box::pin(async move {
            clock.pause(time).await;
            shared.lock().end_run(run, &fate);
            fate
        })
    }
}

fn fed(payload: &[u8]) -> Vec<Fed> {
    let event: Value = serde_json::from_slice(payload).unwrap_or_default();
    let records = event["Records"].as_array().cloned().unwrap_or_default();
    let one = |record: Value| {
        let attribute = |name: &str| record["attributes"][name].as_str().and_then(|text| text.parse().ok());
        Fed {
            n: record["body"].as_str().and_then(|body| body.split(' ').next()?.parse().ok()),
            receives: attribute("ApproximateReceiveCount").unwrap_or(0) as u32,
            sequence: attribute("SequenceNumber"),
        }
    };
    records.into_iter().map(one).collect()
}
