//! Receives that wait while something arrives which is not kept in memory.

mod world;

use std::sync::Arc;
use std::task::Poll;

use api_sqs::Sqs;
use api_sqs::types::*;
use kernel::{BoxFuture, Cx, Peer};
use tokio::sync::Notify;
use world::{World, receives};

/// A client that hangs up when the test says so.
#[derive(Debug, Default)]
struct Caller(Notify);

impl Peer for Caller {
    fn gone(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.0.notified())
    }
}

/// A client of which is heard that it has hung up when its message is there.
#[derive(Debug)]
struct Late;

impl Peer for Late {
    fn gone(&self) -> BoxFuture<'_, ()> {
        let mut asked = false;
        Box::pin(std::future::poll_fn(move |_| match std::mem::replace(&mut asked, true) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }))
    }
}

fn called_by(world: &World, caller: &Arc<Caller>) -> Cx {
    let mut cx = world.cx.clone();
    cx.peer = Some(caller.clone());
    cx
}

/// A receive that waits, begun before the answer is awaited.
async fn waiting(world: &World, url: &str, visibility_seconds: Option<i32>) -> tokio::task::JoinHandle<Vec<Message>> {
    waiting_as(world, world.cx.clone(), url, visibility_seconds).await
}

async fn waiting_as(
    world: &World,
    cx: Cx,
    url: &str,
    visibility_seconds: Option<i32>,
) -> tokio::task::JoinHandle<Vec<Message>> {
    let sqs = world.sqs.clone();
    let input = ReceiveMessageRequest {
        queue_url: Some(url.to_owned()),
        max_number_of_messages: Some(10),
        wait_time_seconds: Some(20),
        visibility_timeout: visibility_seconds,
        attribute_names: Some(vec![QueueAttributeName::All]),
        ..ReceiveMessageRequest::default()
    };
    let receive =
        tokio::spawn(async move { sqs.receive_message(&cx, input).await.unwrap().messages.unwrap_or_default() });
    // It has reached the queue when a later call has been answered and it has not.
    for _ in 0..5 {
        tokio::task::yield_now().await;
        world.counts(url).await;
    }
    receive
}

#[tokio::test]
async fn a_dead_letter_reaches_whoever_waits_for_it() {
    let world = World::new();
    let dead = world.queue("dead", &[]).await;
    let policy = format!("{{\"deadLetterTargetArn\":\"{}\",\"maxReceiveCount\":1}}", world.arn(&dead).await);
    let url = world.queue("q", &[("RedrivePolicy", &policy)]).await;
    let id = world.send(&url, "x", 0, None).await;
    assert_eq!(world.receive(&url, 1, 0).await.len(), 1);
    let receive = waiting(&world, &dead, None).await;
    assert!(world.receive(&url, 1, 0).await.is_empty());
    let got = receive.await.unwrap();
    assert_eq!(got.first().and_then(|message| message.message_id.clone()), Some(id));
}

#[tokio::test]
async fn a_batch_that_is_not_kept_in_memory_reaches_whoever_waits_for_it() {
    let world = World::new();
    let url = world.queue("q", &[]).await;
    let receive = waiting(&world, &url, None).await;
    let entries = (0..10).map(|n| SendMessageBatchRequestEntry {
        id: Some(n.to_string()),
        message_body: Some("x".repeat(100_000)),
        ..SendMessageBatchRequestEntry::default()
    });
    let input = SendMessageBatchRequest { queue_url: Some(url.clone()), entries: Some(entries.collect()) };
    world.sqs.send_message_batch(&world.cx, input).await.unwrap();
    assert_eq!(receive.await.unwrap().len(), 10);
}

#[tokio::test]
async fn a_large_message_keeps_its_body_when_what_brings_it_makes_it_a_dead_letter() {
    let world = World::new();
    let dead = world.queue("dead", &[]).await;
    let policy = format!("{{\"deadLetterTargetArn\":\"{}\",\"maxReceiveCount\":1}}", world.arn(&dead).await);
    let url = world.queue("q", &[("RedrivePolicy", &policy)]).await;
    // The first takes it without hiding it, the second finds it received too often: all within the send.
    let first = waiting(&world, &url, Some(0)).await;
    let _second = waiting(&world, &url, Some(0)).await;
    let body = "x".repeat(100_000);
    world.send(&url, &body, 0, None).await;
    assert_eq!(first.await.unwrap().len(), 1);
    let letters = world.receive(&dead, 1, 0).await;
    assert_eq!(letters.first().and_then(|letter| letter.body.as_deref()), Some(body.as_str()));
}

#[tokio::test]
async fn whoever_hangs_up_leaves_the_line_to_those_behind() {
    let world = World::new();
    let url = world.queue("q", &[]).await;
    let caller = Arc::new(Caller::default());
    let cx = called_by(&world, &caller);
    let first = waiting_as(&world, cx, &url, None).await;
    let second = waiting(&world, &url, None).await;
    caller.0.notify_one();
    assert!(first.await.unwrap().is_empty());
    world.send(&url, "x", 0, None).await;
    assert_eq!(receives(&second.await.unwrap()[0]), 1);
}

#[tokio::test]
async fn what_was_handed_to_whoever_hangs_up_is_visible_at_once_and_counts_as_received() {
    for (name, attributes) in [("q", &[][..]), ("q.fifo", &[("FifoQueue", "true")])] {
        let world = World::new();
        let url = world.queue(name, attributes).await;
        let mut cx = world.cx.clone();
        cx.peer = Some(Arc::new(Late));
        let first = waiting_as(&world, cx, &url, None).await;
        world.send(&url, "one", 0, name.ends_with("fifo").then_some("g")).await;
        assert!(first.await.unwrap().is_empty());
        assert_eq!(world.counts(&url).await, [1, 0, 0], "{name}");
        assert_eq!(receives(&world.receive(&url, 1, 30).await[0]), 2);
    }
}
