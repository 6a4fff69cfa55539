//! The service over an engine in memory whose power can be cut, with a virtual clock.
#![allow(dead_code)] // Each test binary uses its part.

use std::sync::Arc;
use std::time::Duration;

use api_sqs::Sqs;
use api_sqs::types::*;
use kernel::{Access, AccountId, Caller, Clock, Cx, OsRng, PageTokens, Region, VirtualClock};
use service_sqs::{Look, Needs, Pauses, Service};
use store::backend::mem::Mem;
use store::{Durability, Folder, Store};

pub const ACCOUNT: &str = "111111111111";

pub struct World {
    pub sqs: Arc<Service>,
    pub clock: Arc<VirtualClock>,
    pub mem: Mem,
    pub store: Store,
    pub cx: Cx,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl World {
    pub fn new() -> Self {
        Self::over(Mem::default(), Arc::new(VirtualClock::default()))
    }

    pub fn telling(facts: Arc<dyn telemetry::Facts>) -> Self {
        Self::made(Mem::default(), Arc::new(VirtualClock::default()), facts, Arc::new(telemetry::Silent))
    }

    pub fn over(mem: Mem, clock: Arc<VirtualClock>) -> Self {
        Self::made(mem, clock, Arc::new(telemetry::Silent), Arc::new(telemetry::Silent))
    }

    pub fn measured(meter: Arc<dyn telemetry::Meter>) -> Self {
        Self::made(Mem::default(), Arc::new(VirtualClock::default()), Arc::new(telemetry::Silent), meter)
    }

    fn made(
        mem: Mem,
        clock: Arc<VirtualClock>,
        facts: Arc<dyn telemetry::Facts>,
        meter: Arc<dyn telemetry::Meter>,
    ) -> Self {
        let folder = Folder::temporary().unwrap();
        let backend = Arc::new(mem.clone());
        let fatal = Arc::new(|words: &str| panic!("{words}"));
        let store = Store::over(backend, Durability::Durable, folder, clock.clone(), Arc::new(OsRng), fatal);
        let needs = Needs {
            store: store.clone(),
            clock: clock.clone(),
            rng: Arc::new(OsRng),
            page_tokens: PageTokens::new([7; 32]),
            meter,
            facts,
            pauses: Pauses::default(),
        };
        let sqs = Arc::new(Service::new(needs));
        let tasks = sqs.tasks().into_iter().map(|(_, task)| tokio::spawn(task)).collect();
        let account = AccountId::parse(ACCOUNT).unwrap();
        let caller = Caller::root(&account);
        let cx = Cx::new("test", account, Region::default(), caller, Access::Open);
        Self { sqs, clock, mem, store, cx, tasks }
    }

    /// Ends the process: what the operating system was given is there.
    #[must_use]
    pub async fn killed(self) -> Self {
        let (mem, clock) = (self.mem.clone(), self.clock.clone());
        self.end().await;
        Self::over(mem, clock)
    }

    /// Cuts the power: what was synced is there.
    #[must_use]
    pub async fn after_power_cut(self) -> Self {
        let (mem, clock) = (self.mem.after_power_cut(), self.clock.clone());
        self.end().await;
        Self::over(mem, clock)
    }

    async fn end(self) {
        for task in self.tasks {
            task.abort();
            let _ = task.await;
        }
    }

    /// Lets the tasks run for a moment of real time.
    pub async fn clock_pause(&self) {
        let clock: &dyn Clock = &*self.clock;
        clock.pause(Duration::from_millis(1)).await;
    }

    pub fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub fn now(&self) -> i64 {
        self.clock.now().millis()
    }

    pub async fn queue(&self, name: &str, attributes: &[(&str, &str)]) -> String {
        let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let input = CreateQueueRequest {
            queue_name: Some(name.to_owned()),
            attributes: Some(attributes),
            ..CreateQueueRequest::default()
        };
        self.sqs.create_queue(&self.cx, input).await.unwrap().queue_url.unwrap()
    }

    /// Answers the message's id.
    pub async fn send(&self, url: &str, body: &str, delay_seconds: i32, group: Option<&str>) -> String {
        let fifo = url.ends_with(".fifo");
        let input = SendMessageRequest {
            queue_url: Some(url.to_owned()),
            message_body: Some(body.to_owned()),
            delay_seconds: (!fifo).then_some(delay_seconds),
            message_group_id: group.map(str::to_owned),
            message_deduplication_id: fifo.then(|| body.trim_end_matches('x').to_owned()),
            ..SendMessageRequest::default()
        };
        self.sqs.send_message(&self.cx, input).await.unwrap().message_id.unwrap()
    }

    pub async fn receive(&self, url: &str, most: i32, visibility_seconds: i32) -> Vec<Message> {
        let input = ReceiveMessageRequest {
            queue_url: Some(url.to_owned()),
            max_number_of_messages: Some(most),
            visibility_timeout: Some(visibility_seconds),
            attribute_names: Some(vec![QueueAttributeName::All]),
            ..ReceiveMessageRequest::default()
        };
        self.sqs.receive_message(&self.cx, input).await.unwrap().messages.unwrap_or_default()
    }

    pub async fn delete(&self, url: &str, handle: &str) {
        let input = DeleteMessageRequest { queue_url: Some(url.to_owned()), receipt_handle: Some(handle.to_owned()) };
        self.sqs.delete_message(&self.cx, input).await.unwrap();
    }

    pub async fn change(&self, url: &str, handle: &str, seconds: i32) {
        let input = ChangeMessageVisibilityRequest {
            queue_url: Some(url.to_owned()),
            receipt_handle: Some(handle.to_owned()),
            visibility_timeout: Some(seconds),
        };
        self.sqs.change_message_visibility(&self.cx, input).await.unwrap();
    }

    /// Visible, in flight, delayed.
    pub async fn counts(&self, url: &str) -> [u64; 3] {
        let input = GetQueueAttributesRequest {
            queue_url: Some(url.to_owned()),
            attribute_names: Some(vec![QueueAttributeName::All]),
        };
        let shown = self.sqs.get_queue_attributes(&self.cx, input).await.unwrap().attributes.unwrap();
        ["", "NotVisible", "Delayed"].map(|kind| shown[&format!("ApproximateNumberOfMessages{kind}")].parse().unwrap())
    }

    pub async fn peek(&self, url: &str) -> Look {
        self.sqs.peek(&self.cx, url, 1_000).await.unwrap()
    }

    pub async fn arn(&self, url: &str) -> String {
        let input = GetQueueAttributesRequest {
            queue_url: Some(url.to_owned()),
            attribute_names: Some(vec![QueueAttributeName::QueueArn]),
        };
        let shown = self.sqs.get_queue_attributes(&self.cx, input).await.unwrap().attributes.unwrap();
        shown["QueueArn"].clone()
    }
}

pub fn receives(message: &Message) -> u32 {
    message.attributes.as_ref().unwrap()["ApproximateReceiveCount"].parse().unwrap()
}

/// Chance that can be repeated.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// 0 to `sides - 1`.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D).rotate_left(32) % sides
    }
}
