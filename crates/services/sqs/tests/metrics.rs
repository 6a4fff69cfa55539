//! What a queue's metrics tell, minute by minute on a virtual clock.

mod world;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Weak};

use api_sqs::Sqs;
use api_sqs::types::ReceiveMessageRequest;
use telemetry::{Meter, Pending, Sample};
use world::World;

/// Remembers the sum of each count since it was last asked, and the last value of what is measured.
#[derive(Default)]
struct Notes {
    sums: Mutex<BTreeMap<(String, &'static str), f64>>,
    pending: Mutex<Option<Weak<dyn Pending>>>,
    /// How often queues were measured.
    measured: Mutex<BTreeMap<String, u32>>,
}

impl Meter for Notes {
    fn record(&self, sample: &Sample<'_>) {
        assert_eq!(sample.namespace, "AWS/SQS");
        let [("QueueName", queue)] = sample.dimensions else { panic!("{:?}", sample.dimensions) };
        let sum = sample.values.iter().map(|(value, count)| value * count).sum::<f64>();
        let mut sums = self.sums.lock().unwrap();
        let known = sums.entry(((*queue).to_owned(), sample.metric)).or_default();
        *known = if sample.metric.starts_with("Approximate") { sum } else { *known + sum };
        if sample.metric == "ApproximateAgeOfOldestMessage" {
            *self.measured.lock().unwrap().entry((*queue).to_owned()).or_default() += 1;
        }
    }

    fn watch(&self, who: Weak<dyn Pending>) {
        *self.pending.lock().unwrap() = Some(who);
    }
}

impl Notes {
    /// The metrics of one queue since this was last asked, once a minute has been recorded. A minute may also end by itself.
    async fn minute(&self, world: &World, queue: &str) -> BTreeMap<&'static str, f64> {
        let measured = || self.measured.lock().unwrap().get(queue).copied().unwrap_or_default();
        let before = measured();
        for attempt in 0..2_000 {
            // Again and again: whoever records may not have begun to wait for the minute's end yet.
            if attempt % 50 == 0 {
                world.advance(60);
            }
            world.clock_pause().await;
            if measured() > before {
                // What belongs to the same minute is recorded without a pause in between.
                let sums = std::mem::take(&mut *self.sums.lock().unwrap());
                return sums.iter().filter(|((of, _), _)| of == queue).map(|((_, name), sum)| (*name, *sum)).collect();
            }
        }
        BTreeMap::new()
    }

    /// What was counted and not recorded yet.
    fn pending(&self, metric: &str) -> f64 {
        let (who, mut sum) = (self.pending.lock().unwrap().as_ref().and_then(Weak::upgrade).unwrap(), 0.0);
        who.pending(&mut |sample| {
            if sample.metric == metric {
                sum += sample.values.iter().map(|(value, count)| value * count).sum::<f64>();
            }
        });
        sum
    }
}

fn world() -> (World, Arc<Notes>) {
    let notes = Arc::new(Notes::default());
    (World::measured(notes.clone()), notes)
}

async fn receive_in_vain(world: &World, url: &str) {
    let input = ReceiveMessageRequest { queue_url: Some(url.to_owned()), ..ReceiveMessageRequest::default() };
    assert!(world.sqs.receive_message(&world.cx, input).await.unwrap().messages.is_none());
}

#[tokio::test]
async fn messages_are_counted_by_what_becomes_of_them() {
    let (world, notes) = world();
    let url = world.queue("q", &[]).await;
    receive_in_vain(&world, &url).await;
    for body in ["a", "bb", "ccc"] {
        world.send(&url, body, 0, None).await;
    }
    world.send(&url, "later", 900, None).await;
    let taken = world.receive(&url, 2, 30_000).await;
    assert_eq!(taken.len(), 2);
    world.delete(&url, taken[0].receipt_handle.as_ref().unwrap()).await;
    assert_eq!(notes.pending("NumberOfMessagesSent"), 4.0);
    assert_eq!(notes.pending("SentMessageSize"), 11.0);

    let minute = notes.minute(&world, "q").await;
    let expected = [
        ("ApproximateAgeOfOldestMessage", 60.0),
        ("ApproximateNumberOfMessagesDelayed", 1.0),
        ("ApproximateNumberOfMessagesNotVisible", 1.0),
        ("ApproximateNumberOfMessagesVisible", 1.0),
        ("NumberOfEmptyReceives", 1.0),
        ("NumberOfMessagesDeleted", 1.0),
        ("NumberOfMessagesReceived", 2.0),
        ("NumberOfMessagesSent", 4.0),
        ("SentMessageSize", 11.0),
    ];
    assert_eq!(minute, BTreeMap::from(expected));
    assert_eq!(notes.pending("NumberOfMessagesSent"), 0.0);
    let next = notes.minute(&world, "q").await;
    assert_eq!((next["NumberOfMessagesSent"], next["ApproximateAgeOfOldestMessage"]), (0.0, 120.0));
    assert!(!next.contains_key("SentMessageSize"));
}

#[tokio::test]
async fn a_dead_letter_is_not_a_sent_message() {
    let (world, notes) = world();
    let dead = world.queue("dead", &[]).await;
    let policy = format!(r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":1}}"#, world.arn(&dead).await);
    let url = world.queue("q", &[("RedrivePolicy", &policy)]).await;
    world.send(&url, "poison", 0, None).await;
    assert_eq!(world.receive(&url, 1, 0).await.len(), 1);
    assert!(world.receive(&url, 1, 0).await.is_empty());
    let minute = notes.minute(&world, "dead").await;
    assert_eq!((minute["NumberOfMessagesSent"], minute["ApproximateNumberOfMessagesVisible"]), (0.0, 1.0));
}

#[tokio::test]
async fn fifo_queues_tell_of_groups_and_of_what_was_deduplicated() {
    let (world, notes) = world();
    let url = world.queue("q.fifo", &[("FifoQueue", "true")]).await;
    for (body, group) in [("a", "g1"), ("a", "g1"), ("b", "g1"), ("c", "g2")] {
        world.send(&url, body, 0, Some(group)).await;
    }
    assert_eq!(world.receive(&url, 10, 30_000).await.len(), 3);
    let minute = notes.minute(&world, "q.fifo").await;
    assert_eq!((minute["NumberOfMessagesSent"], minute["NumberOfDeduplicatedSentMessages"]), (3.0, 1.0));
    assert_eq!(minute["ApproximateNumberOfGroupsWithInflightMessages"], 2.0);
}

#[tokio::test]
async fn fair_queues_tell_of_noisy_groups_and_of_what_the_others_wait_for() {
    let (world, notes) = world();
    let url = world.queue("q", &[]).await;
    for number in 0..40 {
        world.send(&url, &format!("{number}"), 0, Some("loud")).await;
    }
    for _ in 0..3 {
        world.receive(&url, 10, 30_000).await;
    }
    world.send(&url, "one", 0, Some("quiet")).await;
    world.send(&url, "two", 900, Some("quiet")).await;
    let minute = notes.minute(&world, "q").await;
    assert_eq!(minute["ApproximateNumberOfNoisyGroups"], 1.0);
    assert_eq!(minute["ApproximateNumberOfMessagesVisible"], 11.0);
    assert_eq!(minute["ApproximateNumberOfMessagesVisibleInQuietGroups"], 1.0);
    assert_eq!(minute["ApproximateNumberOfMessagesNotVisibleInQuietGroups"], 0.0);
    assert_eq!(minute["ApproximateNumberOfMessagesDelayedInQuietGroups"], 1.0);
    assert!(minute["ApproximateAgeOfOldestMessageInQuietGroups"] >= 60.0);
}

#[tokio::test]
async fn a_message_that_was_received_three_times_does_not_age_its_queue() {
    let (world, notes) = world();
    let url = world.queue("q", &[]).await;
    world.send(&url, "poison", 0, None).await;
    for _ in 0..3 {
        assert_eq!(world.receive(&url, 1, 0).await.len(), 1);
    }
    assert_eq!(notes.minute(&world, "q").await["ApproximateAgeOfOldestMessage"], 0.0);
}

#[tokio::test]
async fn an_empty_queue_is_active_for_six_hours() {
    let (world, notes) = world();
    let url = world.queue("q", &[]).await;
    receive_in_vain(&world, &url).await;
    world.advance(5 * 3600);
    assert!(!notes.minute(&world, "q").await.is_empty());
    world.advance(3600);
    // The last time: it is found to be idle.
    notes.minute(&world, "q").await;
    notes.sums.lock().unwrap().clear();
    world.advance(600);
    for _ in 0..100 {
        world.clock_pause().await;
    }
    assert!(notes.sums.lock().unwrap().is_empty());
    receive_in_vain(&world, &url).await;
    assert_eq!(notes.minute(&world, "q").await["NumberOfEmptyReceives"], 1.0);
}
