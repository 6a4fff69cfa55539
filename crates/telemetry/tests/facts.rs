//! The record of facts over an engine in memory, with a virtual clock.

use std::sync::Arc;
use std::time::Duration;

use kernel::{AccountId, Clock, OsRng, Region, VirtualClock};
use store::backend::mem::Mem;
use store::{Direction, Durability, Folder, Key, KeyRange, Store};
use telemetry::limits::{KEPT_BYTES_MAX, KEPT_FOR, QUEUED_MAX};
use telemetry::{About, Fact, FactStore, Facts, Holder, Limit, Via, What};
use tokio::task::JoinHandle;

struct World {
    facts: Arc<FactStore>,
    store: Store,
    clock: Arc<VirtualClock>,
    mem: Mem,
    task: JoinHandle<()>,
}

impl World {
    fn new() -> Self {
        Self::over(Mem::default(), Arc::new(VirtualClock::default()), KEPT_BYTES_MAX)
    }

    fn over(mem: Mem, clock: Arc<VirtualClock>, bytes_max: u64) -> Self {
        let folder = Folder::temporary().unwrap();
        let fatal = Arc::new(|words: &str| panic!("{words}"));
        let store =
            Store::over(Arc::new(mem.clone()), Durability::Durable, folder, clock.clone(), Arc::new(OsRng), fatal);
        let facts = FactStore::bounded(store.clone(), clock.clone(), bytes_max);
        let (_, task) = facts.tasks().pop().unwrap();
        Self { facts, store, clock, mem, task: tokio::spawn(task) }
    }

    /// Ends the process: what the operating system was given is there.
    async fn killed(self) -> Self {
        self.task.abort();
        let _ = self.task.await;
        Self::over(self.mem, self.clock, KEPT_BYTES_MAX)
    }

    fn tell(&self, account: &str, requests: &[&str], messages: &[&str], what: What) {
        self.facts.tell(Fact { at: self.clock.now(), ..fact(account, requests, messages, what) });
    }

    async fn about(&self, account: &str, about: About) -> Vec<What> {
        let story = self.facts.about(&AccountId::parse(account).unwrap(), &Region::default(), about).await.unwrap();
        story.facts.into_iter().map(|fact| fact.what).collect()
    }

    async fn request(&self, id: &str) -> Vec<What> {
        self.about(A, About::Request(id.to_owned())).await
    }

    async fn message(&self, id: &str) -> Vec<What> {
        self.about(A, About::Message(id.to_owned())).await
    }

    /// Everything on the disk: keys and bytes.
    fn stored(&self) -> (usize, usize) {
        let everything = KeyRange::between(&Key::from_bytes(Vec::new()), &Key::from_bytes(vec![0xFF]));
        let all = self.store.scan(&everything, usize::MAX, Direction::Forward).unwrap();
        (all.len(), all.iter().map(|(key, value)| key.as_bytes().len() + value.len()).sum())
    }
}

const A: &str = "111111111111";
const B: &str = "222222222222";

fn fact(account: &str, requests: &[&str], messages: &[&str], what: What) -> Fact {
    let owned = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
    Fact {
        at: kernel::Timestamp::default(),
        account: AccountId::parse(account).unwrap(),
        region: Region::default(),
        requests: owned(requests),
        messages: owned(messages),
        what,
    }
}

fn timed_out(function: &str) -> What {
    What::TimedOut {
        function: function.to_owned(),
        timeout_ms: 6000,
        log_group: "g".to_owned(),
        log_stream: "s".to_owned(),
    }
}

fn failed() -> What {
    What::BatchFailed {
        mapping: "u".to_owned(),
        function: "worker".to_owned(),
        queue: "jobs".to_owned(),
        partly: false,
    }
}

#[tokio::test]
async fn a_fact_is_found_by_its_requests_and_messages_in_its_own_account_only() {
    let world = World::new();
    world.tell(A, &["r1", "r2"], &["m1"], timed_out("f"));
    world.tell(B, &["r1"], &[], timed_out("other"));
    for found in [world.request("r1").await, world.request("r2").await, world.message("m1").await] {
        assert_eq!(found, [timed_out("f")]);
    }
    assert_eq!(world.request("m1").await, []);
    assert_eq!(world.request("r").await, []);
    assert_eq!(world.about(B, About::Request("r1".to_owned())).await, [timed_out("other")]);
}

#[tokio::test]
async fn a_message_leads_to_what_became_of_its_receivers_requests() {
    let world = World::new();
    world.tell(A, &["r1"], &[], timed_out("worker"));
    world.tell(A, &["r1"], &["m1", "m2"], failed());
    world.tell(A, &["r2"], &["m3"], failed());
    assert_eq!(world.message("m1").await, [timed_out("worker"), failed()]);
}

#[tokio::test]
async fn a_throttled_request_leads_to_those_that_held_the_room() {
    let world = World::new();
    let throttled = What::Throttled {
        function: "producer".to_owned(),
        via: Via::Invoke,
        limit: Limit::Account { concurrency: 1, unreserved: 1 },
        holders: vec![Holder {
            function: "worker".to_owned(),
            running: 1,
            requests: vec!["r1".to_owned()],
            longest_ms: None,
        }],
    };
    world.tell(A, &["r2"], &[], throttled.clone());
    world.tell(A, &["r1"], &[], timed_out("worker"));
    assert_eq!(world.request("r2").await, [throttled, timed_out("worker")]);
}

#[tokio::test]
async fn a_burst_of_throttles_is_one_fact_of_many_requests() {
    let world = World::new();
    let throttled = |function: &str, request: &str| What::Throttled {
        function: function.to_owned(),
        via: Via::Invoke,
        limit: Limit::Account { concurrency: 1, unreserved: 1 },
        holders: vec![Holder {
            function: "worker".to_owned(),
            running: 1,
            requests: vec![request.to_owned()],
            longest_ms: Some(5),
        }],
    };
    for n in 0..100 {
        let function = if n % 2 == 0 { "even" } else { "odd" };
        world.tell(A, &[&format!("r{n}")], &[], throttled(function, &format!("w{n}")));
    }
    assert_eq!(world.request("r0").await, [throttled("even", "w0")]);
    assert_eq!(world.request("r99").await, [throttled("odd", "w1")]);
    assert_eq!(world.stored().0, 1 + 2 + 100, "what the place has, two facts, an entry for each request");
}

#[tokio::test]
async fn the_last_fact_says_what_it_is_about() {
    let world = World::new();
    let (account, region) = (AccountId::parse(A).unwrap(), Region::default());
    assert_eq!(world.facts.last(&account, &region).await.unwrap(), None);
    world.tell(A, &["r1"], &["m1"], failed());
    let last = world.facts.last(&account, &region).await.unwrap().unwrap();
    assert_eq!(last.about, About::Request("r1".to_owned()));
    let buried = What::DeadLettered {
        queue: "jobs".to_owned(),
        dead_letter_queue: "dead".to_owned(),
        receives: 1,
        max_receives: 1,
        visibility_timeout_s: 30,
        since_first_ms: 30_000,
    };
    world.tell(A, &["r2"], &["m1"], buried.clone());
    let last = world.facts.last(&account, &region).await.unwrap().unwrap();
    assert_eq!(last.about, About::Message("m1".to_owned()));
    assert_eq!(last.facts.into_iter().map(|fact| fact.what).collect::<Vec<_>>(), [failed(), buried]);
}

#[tokio::test]
async fn facts_survive_the_end_of_the_process() {
    let world = World::new();
    world.tell(A, &["r1"], &[], timed_out("f"));
    world.facts.flush().await;
    let world = world.killed().await;
    world.tell(A, &["r1"], &[], timed_out("g"));
    assert_eq!(world.request("r1").await, [timed_out("f"), timed_out("g")]);
}

#[tokio::test]
async fn the_oldest_go_first_whosever_they_are_and_nothing_of_them_stays() {
    const BYTES_MAX: u64 = 20_000;
    let world = World::over(Mem::default(), Arc::new(VirtualClock::default()), BYTES_MAX);
    for n in 0..300 {
        let (request, message) = (format!("r{n}"), format!("m{n}"));
        world.tell(if n % 3 == 0 { B } else { A }, &[&request], &[&message], timed_out("f"));
        world.clock.advance(Duration::from_secs(1));
    }
    world.facts.flush().await;
    let (keys, bytes) = world.stored();
    // Beside the facts there is a record for each of the two places.
    assert!(bytes as u64 <= BYTES_MAX + 500, "{bytes} bytes");
    assert!(bytes as u64 >= BYTES_MAX * 3 / 4, "{bytes} bytes");
    let mut kept = Vec::new();
    for n in 0..300 {
        let account = if n % 3 == 0 { B } else { A };
        let request = world.about(account, About::Request(format!("r{n}"))).await;
        let message = world.about(account, About::Message(format!("m{n}"))).await;
        assert_eq!(request, message);
        kept.push(!request.is_empty());
    }
    let gone = kept.iter().take_while(|kept| !**kept).count();
    assert!(gone > 0 && kept[gone..].iter().all(|kept| *kept), "what is kept is what came last");
    assert_eq!(keys, 2 + 3 * (300 - gone), "a fact and two entries each");
}

#[tokio::test]
async fn after_seven_days_a_fact_is_gone_though_nobody_asks_or_tells() {
    let world = World::new();
    world.tell(A, &["r1"], &["m1"], timed_out("f"));
    world.clock.advance(Duration::from_secs(3600));
    world.tell(A, &["r2"], &[], timed_out("g"));
    world.facts.flush().await;
    world.clock.advance(KEPT_FOR - Duration::from_secs(3600));
    while !world.request("r1").await.is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.request("r2").await, [timed_out("g")]);
    world.clock.advance(Duration::from_secs(3600));
    while world.stored().0 > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_the_full_queue_cannot_take_is_counted() {
    let clock = Arc::new(VirtualClock::default());
    let facts = FactStore::new(Store::memory(clock.clone(), Arc::new(OsRng)), clock);
    for _ in 0..QUEUED_MAX + 5 {
        facts.tell(fact(A, &["r"], &[], timed_out("f")));
    }
    assert_eq!(facts.dropped(), 5);
}

#[test]
fn what_is_stored_reads_as_it_did_when_it_was_written_first() {
    let json = r#"{"at":1,"account":"111111111111","region":"us-east-1","requests":["r"],"messages":[],"what":{"what":"throttled","function":"f","via":"function_url","limit":{"limit":"reserved","concurrency":2},"holders":[{"function":"f","running":2,"requests":["q"]}]}}"#;
    let fact: Fact = serde_json::from_str(json).unwrap();
    assert_eq!(serde_json::to_string(&fact).unwrap(), json);
}
