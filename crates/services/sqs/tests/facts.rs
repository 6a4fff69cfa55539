//! What SQS tells `gureum why`.

mod world;

use std::sync::{Arc, Mutex};

use telemetry::{Fact, Facts, What};
use world::World;

/// Keeps what it is told.
#[derive(Default)]
struct Told(Mutex<Vec<Fact>>);

impl Facts for Told {
    fn tell(&self, fact: Fact) {
        self.0.lock().unwrap().push(fact);
    }
}

impl Told {
    fn take(&self) -> Vec<Fact> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn world() -> (World, Arc<Told>) {
    let told = Arc::new(Told::default());
    (World::telling(told.clone()), told)
}

#[tokio::test]
async fn a_first_receive_and_a_deletion_in_time_tell_nothing() {
    let (world, told) = world();
    let queue = world.queue("jobs", &[]).await;
    world.send(&queue, "a", 0, None).await;
    let message = world.receive(&queue, 10, 30).await.remove(0);
    world.delete(&queue, &message.receipt_handle.unwrap()).await;
    assert_eq!(told.take(), []);
}

#[tokio::test]
async fn a_message_that_comes_again_says_how_long_it_was_hidden_and_for_whom() {
    let (world, told) = world();
    let queue = world.queue("jobs", &[("VisibilityTimeout", "30")]).await;
    let id = world.send(&queue, "a", 0, None).await;
    world.receive(&queue, 1, 4).await;
    world.advance(9);
    world.receive(&queue, 1, 4).await;
    let fact = told.take().remove(0);
    assert_eq!(fact.messages, [id]);
    assert_eq!(fact.requests, ["test"]);
    let What::Redelivered { queue, receives, visibility_timeout_s, since_last_ms, hidden_ms, receiver } = fact.what
    else {
        panic!("{fact:?}")
    };
    assert_eq!(queue, format!("arn:aws:sqs:us-east-1:{}:jobs", world::ACCOUNT));
    assert_eq!((receives, visibility_timeout_s, hidden_ms), (2, 30, 4000));
    assert!((9000..9900).contains(&since_last_ms), "{since_last_ms}");
    assert_eq!(receiver, format!("arn:aws:iam::{}:root", world::ACCOUNT));
}

#[tokio::test]
async fn who_deletes_by_an_older_handle_is_late_and_the_message_stays() {
    let (world, told) = world();
    let queue = world.queue("jobs", &[]).await;
    let id = world.send(&queue, "a", 0, None).await;
    let first = world.receive(&queue, 1, 4).await.remove(0);
    world.advance(5);
    world.receive(&queue, 1, 30).await;
    told.take();
    world.advance(3);
    world.delete(&queue, &first.receipt_handle.unwrap()).await;
    let fact = told.take().remove(0);
    assert_eq!(fact.messages, [id]);
    let What::SettledLate { receives: 2, late_ms, .. } = fact.what else { panic!("{fact:?}") };
    assert!((3000..3900).contains(&late_ms), "{late_ms}");
    assert_eq!(world.counts(&queue).await, [0, 1, 0]);
}

#[tokio::test]
async fn a_dead_letter_says_from_where_to_where_and_after_how_many_receives() {
    let (world, told) = world();
    let dead = world.queue("dead", &[]).await;
    let policy = format!(r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":2}}"#, world.arn(&dead).await);
    let queue = world.queue("jobs", &[("RedrivePolicy", &policy), ("VisibilityTimeout", "6")]).await;
    let id = world.send(&queue, "a", 0, None).await;
    for _ in 0..2 {
        assert_eq!(world.receive(&queue, 1, 6).await.len(), 1);
        world.advance(6);
    }
    told.take();
    assert_eq!(world.receive(&queue, 1, 6).await.len(), 0);
    let fact = told.take().remove(0);
    assert_eq!(fact.messages, [id]);
    let What::DeadLettered { queue, dead_letter_queue, receives, max_receives, visibility_timeout_s, since_first_ms } =
        fact.what
    else {
        panic!("{fact:?}")
    };
    assert!(queue.ends_with(":jobs") && dead_letter_queue.ends_with(":dead"));
    assert_eq!((receives, max_receives, visibility_timeout_s), (2, 2, 6));
    assert!((12_000..12_900).contains(&since_first_ms), "{since_first_ms}");
}
