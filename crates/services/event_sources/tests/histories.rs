//! Random histories: whatever a function does, no message is lost, none runs again once it has succeeded, and FIFO keeps its order.

mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use api_lambda::types::*;
use world::*;

/// A small generator of numbers: the same seed, the same history.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// What the function was given and what became of it.
struct Run {
    given: Vec<String>,
    succeeded: Vec<String>,
}

fn body_of(record: &serde_json::Value) -> String {
    record["body"].as_str().unwrap().to_owned()
}

/// Answers as chance says; a part of a batch fails from some record on, as AWS asks of functions for FIFO.
fn play(records: &[serde_json::Value], chance: &mut Chance, runs: &mut Vec<Run>) -> Answer {
    let given: Vec<String> = records.iter().map(body_of).collect();
    let done = match chance.below(10) {
        0 | 1 => return throttled(),
        2 => return Err(wire::ApiError::unmodeled(500, "ServiceException", "out of order")),
        3 => {
            runs.push(Run { given, succeeded: Vec::new() });
            return failed();
        }
        4 | 5 => usize::try_from(chance.below(given.len() as u64 + 1)).unwrap(),
        _ => given.len(),
    };
    let items: Vec<_> =
        records[done..].iter().map(|record| serde_json::json!({ "itemIdentifier": record["messageId"] })).collect();
    runs.push(Run { succeeded: given[..done].to_vec(), given });
    let answer = serde_json::json!({ "batchItemFailures": items }).to_string();
    Ok(InvocationResponse { payload: Some(answer.into()), ..InvocationResponse::default() })
}

async fn history(seed: u64, fifo: bool) -> Vec<Run> {
    let world = World::new().start();
    let runs = Arc::new(Mutex::new(Vec::new()));
    let (played, chance) = (runs.clone(), Mutex::new(Chance(seed)));
    world.lambda.answer(move |records| play(records, &mut chance.lock().unwrap(), &mut played.lock().unwrap()));
    let mut chance = Chance(seed ^ 0xABCD);
    let batch_size = i32::try_from(chance.below(10) + 1).unwrap();
    world
        .map(|request| {
            request.event_source_arn = Some(format!("{QUEUE}{}", if fifo { ".fifo" } else { "" }));
            request.batch_size = Some(batch_size);
            request.function_response_types = Some(vec![FunctionResponseType::ReportBatchItemFailures]);
        })
        .await;
    for n in 0..60 {
        let group = format!("g{}", chance.below(4));
        world.sqs.send_to(fifo.then_some(group.as_str()), &format!("{group}:{n:03}"));
        if chance.below(8) == 0 {
            world.advance(chance.below(3_000));
            tokio::task::yield_now().await;
        }
    }
    until(|| {
        world.advance(500);
        world.sqs.left().is_empty()
    })
    .await;
    std::mem::take(&mut *runs.lock().unwrap())
}

fn check(runs: &[Run], fifo: bool, seed: u64) {
    let (mut done, mut of_group): (BTreeSet<String>, BTreeMap<String, Vec<String>>) = Default::default();
    for run in runs {
        for (at, body) in run.given.iter().enumerate() {
            assert!(!done.contains(body), "seed {seed}: {body} ran again");
            let group = body.split(':').next().unwrap().to_owned();
            let passed = |earlier: &String| earlier < body && earlier.starts_with(&group);
            if fifo && let Some(open) = of_group.get(&group) {
                let waiting = open.iter().filter(|other| passed(other) && !done.contains(*other));
                let ahead: Vec<_> = waiting.filter(|other| !run.given[..at].contains(other)).collect();
                assert!(ahead.is_empty(), "seed {seed}: {body} passed {ahead:?}");
            }
            of_group.entry(group).or_default().push(body.clone());
        }
        done.extend(run.succeeded.iter().cloned());
    }
    assert_eq!(done.len(), 60, "seed {seed}: every message has succeeded");
}

#[tokio::test]
async fn no_message_of_a_queue_is_lost_or_runs_again_after_success() {
    for seed in 0..6 {
        let runs = history(seed, false).await;
        check(&runs, false, seed);
    }
}

#[tokio::test]
async fn groups_of_a_fifo_queue_keep_their_order_whatever_fails() {
    for seed in 100..106 {
        let runs = history(seed, true).await;
        check(&runs, true, seed);
    }
}
