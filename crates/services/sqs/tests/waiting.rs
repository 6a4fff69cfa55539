//! Receives that wait while something arrives which is not kept in memory.

mod world;

use api_sqs::Sqs;
use api_sqs::types::*;
use world::World;

/// A receive that waits, begun before the answer is awaited.
async fn waiting(world: &World, url: &str) -> tokio::task::JoinHandle<Vec<Message>> {
    let (sqs, cx) = (world.sqs.clone(), world.cx.clone());
    let input = ReceiveMessageRequest {
        queue_url: Some(url.to_owned()),
        max_number_of_messages: Some(10),
        wait_time_seconds: Some(20),
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
    let receive = waiting(&world, &dead).await;
    assert!(world.receive(&url, 1, 0).await.is_empty());
    let got = receive.await.unwrap();
    assert_eq!(got.first().and_then(|message| message.message_id.clone()), Some(id));
}

#[tokio::test]
async fn a_batch_that_is_not_kept_in_memory_reaches_whoever_waits_for_it() {
    let world = World::new();
    let url = world.queue("q", &[]).await;
    let receive = waiting(&world, &url).await;
    let entries = (0..10).map(|n| SendMessageBatchRequestEntry {
        id: Some(n.to_string()),
        message_body: Some("x".repeat(100_000)),
        ..SendMessageBatchRequestEntry::default()
    });
    let input = SendMessageBatchRequest { queue_url: Some(url.clone()), entries: Some(entries.collect()) };
    world.sqs.send_message_batch(&world.cx, input).await.unwrap();
    assert_eq!(receive.await.unwrap().len(), 10);
}
