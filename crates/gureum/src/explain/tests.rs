//! Facts in, sentences out: two different causes of the same outcome give two different sentences.

use kernel::{AccountId, Region, Timestamp};
use proptest::prelude::*;
use telemetry::{About, Fact, Holder, Limit, Story, Via, What};

use super::explain;
use crate::text::Language;

const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:jobs";
const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:worker";
const DEAD: &str = "arn:aws:sqs:us-east-1:000000000000:jobs-dlq";

/// Units of `at`: milliseconds.
fn fact(at: i64, requests: &[&str], messages: &[&str], what: What) -> Fact {
    let owned = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
    Fact {
        at: Timestamp::from_millis(at),
        account: AccountId::default(),
        region: Region::default(),
        requests: owned(requests),
        messages: owned(messages),
        what,
    }
}

fn throttled(limit: Limit, holders: &[(&str, u32, Option<u64>)]) -> What {
    let holders = holders.iter().map(|(function, running, longest_ms)| Holder {
        function: (*function).to_owned(),
        running: *running,
        requests: vec![format!("{function}-1")],
        longest_ms: *longest_ms,
    });
    What::Throttled { function: "producer".to_owned(), via: Via::Invoke, limit, holders: holders.collect() }
}

fn timed_out(function: &str, timeout_ms: u64) -> What {
    let (log_group, log_stream) = (format!("/aws/lambda/{function}"), "s".to_owned());
    What::TimedOut { function: function.to_owned(), timeout_ms, log_group, log_stream }
}

fn failed(error_type: &str, message: &str, ran_ms: u64) -> What {
    What::HandlerFailed {
        function: "worker".to_owned(),
        error_type: error_type.to_owned(),
        message: message.to_owned(),
        ran_ms,
        log_group: "g".to_owned(),
        log_stream: "s".to_owned(),
    }
}

fn refused(runtime: &str, message: &str) -> What {
    What::ImportRefused {
        function: "worker".to_owned(),
        runtime: runtime.to_owned(),
        error_type: "Runtime.ImportModuleError".to_owned(),
        message: message.to_owned(),
    }
}

fn batch_failed(partly: bool) -> What {
    let (mapping, function, queue) = ("u".to_owned(), ARN.to_owned(), QUEUE.to_owned());
    What::BatchFailed { mapping, function, queue, partly }
}

fn batch_dropped() -> What {
    let (mapping, function, queue) = ("u".to_owned(), ARN.to_owned(), QUEUE.to_owned());
    What::BatchDropped { mapping, function, queue, throttles: 5, waited_ms: 30_000 }
}

fn again(receives: u32, hidden_ms: u64) -> What {
    What::Redelivered {
        queue: QUEUE.to_owned(),
        receives,
        visibility_timeout_s: 30,
        since_last_ms: hidden_ms,
        hidden_ms,
        receiver: "arn:aws:iam::000000000000:user/reader".to_owned(),
    }
}

fn buried(receives: u32, max_receives: u32) -> What {
    What::DeadLettered {
        queue: QUEUE.to_owned(),
        dead_letter_queue: DEAD.to_owned(),
        receives,
        max_receives,
        visibility_timeout_s: 30,
        since_first_ms: 90_000,
    }
}

/// A message that failed `tries` times as `outcome` says, and was buried then.
fn life(tries: u32, outcome: &What) -> Vec<Fact> {
    let mut facts = Vec::new();
    for n in 1..=tries {
        let (at, request) = (i64::from(n) * 100_000, format!("r{n}"));
        if n > 1 {
            facts.push(fact(at, &["receive"], &["m"], again(n, 30_000)));
        }
        facts.push(fact(at + 6_000, &[&request], &[], outcome.clone()));
        facts.push(fact(at + 6_001, &[&request], &["m"], batch_failed(false)));
    }
    facts.push(fact(900_000, &["receive"], &["m"], buried(tries, tries)));
    // Somebody looks into the dead-letter queue, twice.
    let mut looked_at = again(2, 30_000);
    if let What::Redelivered { queue, .. } = &mut looked_at {
        DEAD.clone_into(queue);
    }
    facts.push(fact(950_000, &["look"], &["m"], looked_at));
    facts
}

fn said(about: About, facts: Vec<Fact>) -> (Vec<String>, Vec<String>) {
    let story = Story { about, facts };
    let korean = explain(&story, Language::Korean);
    let english = explain(&story, Language::English);
    assert_eq!(korean.sentences.len(), english.sentences.len());
    assert_eq!(korean.advice.len(), english.advice.len());
    let is_korean = |text: &String| text.chars().any(|c| ('가'..='힣').contains(&c));
    assert!(korean.sentences.iter().chain(&korean.advice).all(is_korean), "{korean:?}");
    (english.sentences, english.advice)
}

fn request(facts: Vec<Fact>) -> (Vec<String>, Vec<String>) {
    said(About::Request("r".to_owned()), facts)
}

fn message(facts: Vec<Fact>) -> (Vec<String>, Vec<String>) {
    said(About::Message("m".to_owned()), facts)
}

#[test]
fn nothing_known_is_nothing_said() {
    assert_eq!(request(Vec::new()), (Vec::new(), Vec::new()));
    assert_eq!(message(Vec::new()), (Vec::new(), Vec::new()));
}

#[test]
fn each_limit_that_throttles_gives_its_own_sentence() {
    let cases = [
        (
            throttled(
                Limit::Account { concurrency: 10, unreserved: 10 },
                &[("producer", 2, None), ("jobsWorker", 8, Some(12_000))],
            ),
            "10 of the 10 executions that may run at once in this account were in use: \
             8 by jobsWorker (the oldest running for 12 s), 2 by producer.",
        ),
        (
            throttled(Limit::Account { concurrency: 10, unreserved: 10 }, &[]),
            "All 10 executions that may run at once in this account were in use.",
        ),
        (
            throttled(Limit::Reserved { concurrency: 2 }, &[("producer", 2, Some(3_000))]),
            "All 2 executions reserved for producer were in use (the oldest running for 3 s); \
             the account's limit was not the reason.",
        ),
        (
            throttled(Limit::Reserved { concurrency: 0 }, &[]),
            "producer has a reserved concurrency of 0, so nothing of it may run.",
        ),
        (
            throttled(Limit::ScalingRate { environments: 1000 }, &[]),
            "producer grew too fast: at most 1000 new execution environments may start in 10 s. \
             Neither the account's nor a reserved limit was reached.",
        ),
        (
            throttled(Limit::RequestRate { per_second: 10_000 }, &[]),
            "producer got more than 10000 requests a second. How many ran at once was not the reason.",
        ),
    ];
    for (what, expected) in cases {
        let (sentences, advice) = request(vec![fact(0, &["r"], &[], what)]);
        assert_eq!(sentences, ["Lambda refused to run producer (429).", expected]);
        assert_eq!(advice.len(), 1, "{advice:?}");
    }
}

#[test]
fn what_is_reserved_for_others_and_who_held_on_too_long_is_said_too() {
    let limit = Limit::Account { concurrency: 10, unreserved: 6 };
    let throttle = throttled(limit, &[("jobsWorker", 6, Some(4_000))]);
    let ended = fact(2_000, &["jobsWorker-1"], &[], timed_out("jobsWorker", 6_000));
    let (sentences, advice) = request(vec![fact(0, &["r"], &[], throttle), ended]);
    assert_eq!(
        sentences[1..],
        [
            "6 of the 6 executions that may run at once in this account were in use: \
             6 by jobsWorker (the oldest running for 4 s).",
            "4 of the account's 10 are reserved for single functions.",
            "Runs of jobsWorker that held them ended only at its timeout of 6 s.",
        ]
    );
    assert!(advice[0].starts_with("Shorten what jobsWorker waits for"), "{advice:?}");
}

#[test]
fn each_end_of_an_invocation_gives_its_own_sentence() {
    let crashed = |error_type: &str, max_memory_mb| What::Crashed {
        function: "worker".to_owned(),
        error_type: error_type.to_owned(),
        message: "RequestId: r Error: Runtime exited with error: exit status 1".to_owned(),
        memory_mb: 128,
        max_memory_mb,
        log_group: "g".to_owned(),
        log_stream: "s".to_owned(),
    };
    let started = What::NotStarted {
        function: "worker".to_owned(),
        runtime: "nodejs14.x".to_owned(),
        reason: "it is not installed".to_owned(),
    };
    let cases = [
        (timed_out("worker", 6_000), "worker was stopped at its timeout of 6 s."),
        (failed("TypeError", "x is not a function", 5), "worker ended with an error: TypeError: x is not a function."),
        (crashed("Runtime.ExitError", 128), "worker ran out of memory and was killed: it used 128 of 128 MB."),
        (
            crashed("Runtime.ExitError", 60),
            "The process of worker ended in the middle of an invocation: \
             Runtime.ExitError: RequestId: r Error: Runtime exited with error: exit status 1.",
        ),
        (started, "worker could not be started, because nodejs14.x is not ready here: it is not installed."),
    ];
    for (what, expected) in cases {
        let (sentences, advice) = request(vec![fact(0, &["r"], &[], what)]);
        assert_eq!(sentences, [expected]);
        assert!(!advice.is_empty());
    }
}

#[test]
fn a_file_that_the_function_may_not_read_is_told_with_what_to_do() {
    let denied = failed("Error", "EACCES: permission denied, open '/var/task/index.js'", 0);
    let (_, advice) = request(vec![fact(0, &["r"], &[], denied)]);
    assert!(advice[0].contains("chmod 644"), "{advice:?}");
}

#[test]
fn a_missing_sdk_is_told_by_what_the_runtime_brings() {
    let told = |runtime, module: &str| {
        request(vec![fact(0, &["r"], &[], refused(runtime, &format!("Error: Cannot find module '{module}'")))])
    };
    let (sentences, advice) = told("nodejs16.x", "@aws-sdk/client-sqs");
    assert_eq!(sentences[1], "nodejs16.x brings the AWS SDK for JavaScript v2 (aws-sdk), not v3 (@aws-sdk/…).");
    assert_eq!(advice, ["Use nodejs18.x or later, or put @aws-sdk/… into the package"]);
    let (sentences, _) = told("nodejs20.x", "aws-sdk");
    assert_eq!(sentences[1], "nodejs20.x brings the AWS SDK for JavaScript v3 (@aws-sdk/…), not v2 (aws-sdk).");
    let (sentences, advice) = told("nodejs20.x", "lodash");
    assert_eq!(sentences.len(), 1);
    assert!(advice[0].starts_with("Look whether the package"));
}

#[test]
fn a_dead_letter_is_told_by_what_its_tries_ended_in() {
    const MOVED: &str = "Message m was moved from jobs to jobs-dlq, because it had been received 3 times and was not \
                         deleted; jobs allows 3 (maxReceiveCount).";
    let (sentences, advice) = message(life(3, &timed_out("worker", 6_000)));
    assert_eq!(sentences, [MOVED, "3 of 3 receives: worker was stopped at its timeout of 6 s."]);
    assert!(advice[1].ends_with("36 s for a timeout of 6 s"), "{advice:?}");

    let undefined = failed("SyntaxError", "\"undefined\" is not valid JSON", 5);
    let (sentences, advice) = message(life(3, &undefined));
    assert_eq!(
        sentences,
        [
            MOVED,
            "3 of 3 receives: worker ended with the same error: SyntaxError: \"undefined\" is not valid JSON.",
            "The handler read event.body, which SQS does not send: its messages are in event.Records, each with a body. \
             JSON.parse was given undefined.",
        ]
    );
    assert!(advice[0].contains("for (const record of event.Records) { const job"), "{advice:?}");

    let (sentences, _) = message(life(3, &failed("Error", "no", 5)));
    assert_eq!(sentences, [MOVED, "3 of 3 receives: worker ended with the same error: Error: no."]);

    let limit = Limit::Account { concurrency: 1, unreserved: 1 };
    let mut throttles = Vec::new();
    for n in 1..=3 {
        let request = format!("r{n}");
        throttles.push(fact(n, &[&request], &[], throttled(limit, &[("other", 1, None)])));
        throttles.push(fact(n, &[&request], &["m"], batch_dropped()));
    }
    throttles.push(fact(9, &["receive"], &["m"], buried(3, 3)));
    let (sentences, advice) = message(throttles);
    assert_eq!(
        sentences,
        [
            MOVED,
            "3 of 3 receives: worker never ran: throttled 5 times in 30 s, until the message's visibility ran out. \
             That counts as a receive.",
            "1 of the 1 executions that may run at once in this account were in use: 1 by other.",
        ]
    );
    assert!(advice.iter().any(|advice| advice.starts_with("Raise maxReceiveCount")), "{advice:?}");

    let (sentences, advice) = message(life(1, &timed_out("worker", 6_000)));
    assert_eq!(
        sentences,
        [
            "Message m was moved from jobs to jobs-dlq after its first receive: the queue's maxReceiveCount is 1, so there \
             was no second try.",
            "1 of 1 receives: worker was stopped at its timeout of 6 s.",
        ]
    );
    assert!(advice.iter().any(|advice| advice.starts_with("Raise maxReceiveCount")), "{advice:?}");

    let facts = vec![
        fact(0, &["q"], &["m"], again(2, 30_000)),
        fact(1, &["q"], &["m"], again(3, 30_000)),
        fact(2, &["q"], &["m"], buried(3, 3)),
    ];
    let (sentences, _) = message(facts);
    assert_eq!(
        sentences[..2],
        [
            MOVED,
            "3 of 3 receives: no failure was reported; whoever received it did not delete it before it was visible again.",
        ]
    );
}

#[test]
fn tries_that_ended_differently_are_counted_apart() {
    let mut facts = life(3, &timed_out("worker", 6_000));
    facts.retain(|fact| !fact.requests.contains(&"r3".to_owned()));
    facts.push(fact(306_000, &["r3"], &[], failed("Error", "no", 6_000)));
    facts.push(fact(306_001, &["r3"], &["m"], batch_failed(false)));
    let (sentences, _) = message(facts);
    assert_eq!(
        sentences[1..],
        [
            "2 of 3 receives: worker was stopped at its timeout of 6 s.",
            "1 of 3 receives: worker ended with an error: Error: no.",
        ]
    );
    let partly = vec![
        fact(0, &["r"], &["m"], batch_failed(true)),
        fact(1, &["q"], &["m"], again(2, 30_000)),
        fact(2, &["q"], &["m"], buried(2, 2)),
    ];
    assert_eq!(
        message(partly).0[1..3],
        [
            "1 of 2 receives: worker ran and gave the message back (batchItemFailures).",
            "1 of 2 receives: no failure was reported; whoever received it did not delete it before it was visible again.",
        ]
    );
}

#[test]
fn what_is_no_longer_recorded_is_not_taken_for_silence() {
    let facts = vec![fact(0, &["q"], &["m"], again(7, 30_000)), fact(1, &["q"], &["m"], again(8, 30_000))];
    let (sentences, _) = message(facts);
    assert_eq!(
        sentences[1..3],
        [
            "Nothing is recorded any more of the first 5 of its receives.",
            "2 of 8 receives: no failure was reported; whoever received it did not delete it before it was visible again.",
        ]
    );
    let (sentences, _) = message(vec![fact(0, &["q"], &["m"], buried(3, 3))]);
    assert_eq!(sentences[1], "Nothing is recorded any more of the first 2 of its receives.");
}

#[test]
fn a_visibility_shorter_than_the_run_is_told_with_how_much_it_lacked() {
    let facts = vec![
        // Received at 0, visible again at 4 s, received again, and stopped at 6 s.
        fact(4_000, &["receive"], &["m"], again(2, 4_000)),
        fact(6_000, &["r1"], &[], timed_out("worker", 6_000)),
        fact(6_001, &["r1"], &["m"], batch_failed(false)),
    ];
    let (sentences, advice) = message(facts);
    assert_eq!(
        sentences,
        [
            "Message m of jobs was received 2 times, because nobody deleted it in time.",
            "1 of 2 receives: worker was stopped at its timeout of 6 s.",
            "It was handled twice at the same time: visible again after 4 s, it was handed out while worker was still \
             working on it; that run took 6 s, 2 s too long.",
        ]
    );
    assert!(advice.iter().any(|advice| advice.starts_with("Make the visibility timeout longer")), "{advice:?}");

    let late = What::SettledLate { queue: QUEUE.to_owned(), receives: 2, late_ms: 3_000, receiver: "x".to_owned() };
    let facts = vec![fact(4_000, &["receive"], &["m"], again(2, 4_000)), fact(7_000, &["delete"], &["m"], late)];
    let (sentences, _) = message(facts);
    assert_eq!(
        sentences.last().unwrap(),
        "It was handled twice: a receiver was done and deleted it 3 s after it had been handed out again, so its \
         visibility timeout (4 s) was shorter than the work.",
    );
}

#[test]
fn a_message_that_nobody_reports_on_names_its_last_receiver() {
    let (sentences, _) = message(vec![fact(4_000, &["receive"], &["m"], again(2, 4_000))]);
    assert_eq!(
        sentences,
        [
            "Message m of jobs was received 2 times, because nobody deleted it in time.",
            "1 of 2 receives: no failure was reported; whoever received it did not delete it before it was visible again.",
            "The receive before the last hid it for 4 s (the queue's own visibility timeout is 30 s).",
            "It was received last by arn:aws:iam::000000000000:user/reader.",
        ]
    );
}

#[test]
fn a_mapping_s_request_says_which_messages_it_tried() {
    let facts =
        vec![fact(0, &["r"], &[], timed_out("worker", 6_000)), fact(1, &["r"], &["m", "n"], batch_failed(false))];
    let (sentences, advice) = request(facts);
    assert_eq!(
        sentences,
        [
            "worker was stopped at its timeout of 6 s.",
            "It was a try of 2 messages of jobs, visible again when the visibility timeout ends.",
        ]
    );
    assert_eq!(advice.len(), 3, "{advice:?}");
}

#[test]
fn an_answer_that_is_no_response_is_told_apart_from_a_function_that_failed() {
    let (sentences, advice) = request(vec![fact(0, &["r"], &[], What::AnswerRefused { function: "api".to_owned() })]);
    assert_eq!(
        sentences,
        ["api ran and answered its URL's caller with what is no HTTP response, so the caller got 502."]
    );
    assert_eq!(advice.len(), 1);
}

#[test]
fn an_event_that_was_given_up_says_on_which_condition() {
    let dropped = |condition: &str| What::EventDropped {
        function: "worker".to_owned(),
        condition: condition.to_owned(),
        runs: 3,
    };
    let told = |condition| request(vec![fact(0, &["r"], &[], dropped(condition))]).0.remove(0);
    let conditions = ["RetriesExhausted", "EventAgeExceeded", "ZeroReservedConcurrency", "RecursiveLoop"];
    let sentences: std::collections::BTreeSet<String> = conditions.into_iter().map(told).collect();
    assert_eq!(sentences.len(), 4, "{sentences:?}");
}

fn any_what() -> impl Strategy<Value = What> {
    let limit = prop_oneof![
        (any::<u32>(), any::<u32>()).prop_map(|(concurrency, unreserved)| Limit::Account { concurrency, unreserved }),
        any::<u32>().prop_map(|concurrency| Limit::Reserved { concurrency }),
        any::<u32>().prop_map(|environments| Limit::ScalingRate { environments }),
    ];
    let text = || prop_oneof![Just(String::new()), "[a-z' {}\n.]{0,12}"];
    prop_oneof![
        (limit, any::<u32>(), proptest::option::of(any::<u64>())).prop_map(|(limit, running, longest)| {
            throttled(limit, &[("worker", running, longest), ("r", running, None)])
        }),
        any::<u64>().prop_map(|timeout_ms| timed_out("worker", timeout_ms)),
        (text(), text(), any::<u64>()).prop_map(|(kind, message, ran_ms)| failed(&kind, &message, ran_ms)),
        (text(), text()).prop_map(|(runtime, message)| refused(&runtime, &message)),
        any::<bool>().prop_map(batch_failed),
        Just(batch_dropped()),
        (any::<u32>(), any::<u64>()).prop_map(|(receives, hidden_ms)| again(receives, hidden_ms)),
        (any::<u32>(), any::<u32>()).prop_map(|(receives, max_receives)| buried(receives, max_receives)),
        (any::<u32>(), any::<u64>()).prop_map(|(receives, late_ms)| What::SettledLate {
            queue: QUEUE.to_owned(),
            receives,
            late_ms,
            receiver: String::new(),
        }),
    ]
}

proptest! {
    #[test]
    fn whatever_is_recorded_is_said_in_both_languages(
        whats in proptest::collection::vec((any::<i64>(), 0..3_usize, 0..3_usize, any_what()), 1..8),
    ) {
        const REQUESTS: [&[&str]; 3] = [&["r"], &["r", "s"], &["s"]];
        const MESSAGES: [&[&str]; 3] = [&["m"], &["n", "m"], &[]];
        let facts: Vec<Fact> =
            whats.into_iter().map(|(at, r, m, what)| fact(at, REQUESTS[r], MESSAGES[m], what)).collect();
        let own = facts.iter().any(|fact| fact.requests.contains(&"r".to_owned()));
        prop_assert_eq!(request(facts.clone()).0.is_empty(), !own);
        message(facts);
    }
}
