//! Random histories of a queue, through kills and power cuts, against what every message must be.

mod world;

use std::collections::BTreeMap;

use service_sqs::{Peeked, Standing};
use world::{Dice, World, receives};

/// What is expected of one message.
#[derive(Clone, Debug)]
struct Expected {
    /// In the order of sending.
    order: usize,
    group: Option<String>,
    visible_at: i64,
    receives: u32,
    handle: Option<String>,
    delayed: bool,
    /// Received since the last durable change: a power cut may take it back.
    unsure: bool,
}

struct History {
    world: World,
    url: String,
    fifo: bool,
    dice: Dice,
    there: BTreeMap<String, Expected>,
    sent: usize,
    trace: Vec<String>,
}

impl History {
    async fn new(seed: u64, fifo: bool) -> Self {
        let world = World::new();
        // Finding out after a power cut takes half a day: nothing may expire meanwhile.
        let kept = ("MessageRetentionPeriod", "1209600");
        let attributes: &[_] = if fifo { &[kept, ("FifoQueue", "true")] } else { &[kept] };
        let url = world.queue(if fifo { "q.fifo" } else { "q" }, attributes).await;
        Self { world, url, fifo, dice: Dice::new(seed), there: BTreeMap::new(), sent: 0, trace: Vec::new() }
    }

    async fn step(&mut self) {
        match self.dice.roll(20) {
            0..=5 => self.send().await,
            6..=10 => self.receive().await,
            11..=13 => self.delete().await,
            14 => self.change().await,
            15..=17 => {
                let seconds = self.dice.roll(40);
                self.trace.push(format!("{seconds} s later"));
                self.world.advance(seconds);
            }
            18 => self.kill().await,
            _ => self.cut_power().await,
        }
        self.check_counts().await;
    }

    fn sure(&mut self) {
        self.there.values_mut().for_each(|expected| expected.unsure = false);
    }

    async fn send(&mut self) {
        let body = format!("{}{}", self.sent, "x".repeat(usize::try_from(self.dice.roll(3) * 3000).unwrap()));
        let grouped = self.fifo || self.dice.roll(3) == 0;
        let group = grouped.then(|| format!("g{}", self.dice.roll(3)));
        let delay = if self.fifo || self.dice.roll(3) > 0 { 0 } else { i32::try_from(self.dice.roll(30)).unwrap() };
        let id = self.world.send(&self.url, &body, delay, group.as_deref()).await;
        self.trace.push(format!("sent {} of {group:?} delayed {delay}", self.sent));
        let expected = Expected {
            order: self.sent,
            group,
            visible_at: self.world.now() + i64::from(delay) * 1000,
            receives: 0,
            handle: None,
            delayed: delay > 0,
            unsure: false,
        };
        self.there.insert(id, expected);
        self.sent += 1;
        self.sure();
    }

    /// Who may be received now: visible, and in FIFO queues of a group of which nothing is in flight.
    fn free(&self) -> Vec<String> {
        let now = self.world.now();
        let in_flight = |e: &Expected| e.visible_at > now;
        let blocked =
            |e: &Expected| self.fifo && self.there.values().any(|other| other.group == e.group && in_flight(other));
        self.there.iter().filter(|(_, e)| !in_flight(e) && !blocked(e)).map(|(id, _)| id.clone()).collect()
    }

    async fn receive(&mut self) {
        let most = i32::try_from(1 + self.dice.roll(10)).unwrap();
        let visibility = i32::try_from(self.dice.roll(60)).unwrap();
        let free = self.free();
        let got = self.world.receive(&self.url, most, visibility).await;
        let orders: Vec<usize> = got.iter().map(|m| self.there[m.message_id.as_ref().unwrap()].order).collect();
        self.trace.push(format!("received {orders:?} for {visibility} s"));
        assert_eq!(got.len(), free.len().min(usize::try_from(most).unwrap()), "{free:?}");
        if self.fifo {
            self.check_order(&orders, &free);
        }
        for message in got {
            let id = message.message_id.clone().unwrap();
            assert!(free.contains(&id), "{} is not visible", self.there[&id].order);
            let now = self.world.now();
            let expected = self.there.get_mut(&id).unwrap();
            expected.receives += 1;
            assert_eq!(receives(&message), expected.receives, "message {}", expected.order);
            expected.visible_at = now + i64::from(visibility) * 1000;
            expected.handle = message.receipt_handle;
            expected.delayed = false;
            expected.unsure = true;
        }
    }

    /// Of each group the oldest come first, without a gap.
    fn check_order(&self, orders: &[usize], free: &[String]) {
        let group_of = |order: usize| self.there.values().find(|e| e.order == order).unwrap().group.clone();
        for (at, order) in orders.iter().enumerate() {
            let skipped = free
                .iter()
                .map(|id| &self.there[id])
                .filter(|e| e.group == group_of(*order) && e.order < *order && !orders[..at].contains(&e.order));
            assert_eq!(skipped.count(), 0, "{order} passed an older one");
        }
    }

    fn in_flight(&mut self) -> Option<String> {
        let now = self.world.now();
        let flying: Vec<_> =
            self.there.iter().filter(|(_, e)| e.handle.is_some() && e.visible_at > now + 2000).collect();
        let at = self.dice.roll(flying.len().max(1) as u64);
        flying.get(usize::try_from(at).unwrap()).map(|(id, _)| (*id).clone())
    }

    async fn delete(&mut self) {
        let Some(id) = self.in_flight() else { return };
        let expected = self.there.remove(&id).unwrap();
        self.trace.push(format!("deleted {}", expected.order));
        self.world.delete(&self.url, &expected.handle.unwrap()).await;
        self.sure();
    }

    async fn change(&mut self) {
        let Some(id) = self.in_flight() else { return };
        let seconds = i32::try_from(self.dice.roll(3) * 30).unwrap();
        let handle = self.there[&id].handle.clone().unwrap();
        self.world.change(&self.url, &handle, seconds).await;
        self.trace.push(format!("hid {} for {seconds} s", self.there[&id].order));
        self.there.get_mut(&id).unwrap().visible_at = self.world.now() + i64::from(seconds) * 1000;
        self.sure();
    }

    async fn kill(&mut self) {
        self.trace.push("killed".to_owned());
        let dead = std::mem::replace(&mut self.world, World::new());
        self.world = dead.killed().await;
    }

    async fn cut_power(&mut self) {
        self.trace.push("power cut".to_owned());
        let dead = std::mem::replace(&mut self.world, World::new());
        self.world = dead.after_power_cut().await;
        self.finish_work().await;
        if self.there.values().any(|expected| expected.unsure) {
            self.find_out().await;
        }
    }

    /// Receivers outlive the power cut, and delete what they have worked on: it is gone, known receive or not. A FIFO queue
    /// refuses handles of receives that it does not know.
    async fn finish_work(&mut self) {
        let unsure = self.there.iter().filter(|(_, expected)| expected.unsure && !self.fifo);
        let done: Vec<String> = unsure.map(|(id, _)| id.clone()).collect();
        for id in done {
            if self.dice.roll(2) == 0 {
                let expected = self.there.remove(&id).unwrap();
                self.trace.push(format!("deleted {} after all", expected.order));
                self.world.delete(&self.url, &expected.handle.unwrap()).await;
            }
        }
    }

    /// Which of the last receives are still known: all messages come back, and their counts tell.
    async fn find_out(&mut self) {
        self.world.advance(12 * 3600);
        for expected in self.there.values_mut() {
            expected.visible_at = 0;
            expected.delayed = false;
        }
        let mut found = BTreeMap::new();
        loop {
            let got = self.world.receive(&self.url, 10, 3600).await;
            if got.is_empty() {
                break;
            }
            for message in got {
                if self.fifo {
                    // So that its group goes on.
                    self.world.change(&self.url, message.receipt_handle.as_ref().unwrap(), 3600).await;
                }
                found.insert(message.message_id.clone().unwrap(), message);
            }
            if self.fifo {
                let there: Vec<_> = found.values().cloned().collect();
                for message in there.iter().filter(|m| self.there.contains_key(m.message_id.as_ref().unwrap())) {
                    self.world.delete(&self.url, message.receipt_handle.as_ref().unwrap()).await;
                }
            }
        }
        let missing: Vec<_> =
            self.there.iter().filter(|(id, _)| !found.contains_key(*id)).map(|(_, e)| e.order).collect();
        assert!(missing.is_empty(), "lost: {missing:?}");
        assert_eq!(found.len(), self.there.len(), "something deleted came back");
        for (id, message) in &found {
            let expected = self.there.get_mut(id).unwrap();
            let least = if expected.unsure { 1 } else { expected.receives + 1 };
            assert!((least..=expected.receives + 1).contains(&receives(message)), "message {}", expected.order);
            expected.receives = receives(message);
            expected.visible_at = self.world.now() + 3_600_000;
            expected.handle.clone_from(&message.receipt_handle);
            expected.unsure = true;
        }
        if self.fifo {
            self.there.clear();
        }
    }

    async fn check_counts(&mut self) {
        let now = self.world.now();
        let hidden = |e: &&Expected| e.visible_at > now;
        let delayed = self.there.values().filter(hidden).filter(|e| e.delayed).count() as u64;
        let in_flight = self.there.values().filter(hidden).count() as u64 - delayed;
        let visible = self.there.len() as u64 - in_flight - delayed;
        let counts = self.world.counts(&self.url).await;
        // A due time may have passed between the two looks at the clock.
        let edge = self.there.values().any(|e| (e.visible_at - now).abs() < 200);
        assert!(edge || counts == [visible, in_flight, delayed], "{counts:?}, not {:?}", [visible, in_flight, delayed]);
        self.check_look(now, edge).await;
    }

    /// A look shows every message as it stands, in the order of sending; what follows shows that it changed nothing.
    async fn check_look(&self, now: i64, edge: bool) {
        let look = self.world.peek(&self.url).await;
        let mut orders = Vec::new();
        for Peeked { message, standing } in &look.messages {
            let expected = &self.there[message.message_id.as_ref().unwrap()];
            orders.push(expected.order);
            assert_eq!(receives(message), expected.receives, "message {}", expected.order);
            assert_eq!(message.body.as_ref().unwrap().trim_end_matches('x'), expected.order.to_string());
            let standing_expected = match expected.visible_at {
                at if at <= now => Standing::Visible,
                at if expected.delayed => Standing::Delayed(at),
                at => Standing::InFlight(at),
            };
            let same = std::mem::discriminant(standing) == std::mem::discriminant(&standing_expected);
            assert!(edge || same, "message {} is {standing:?}, not {standing_expected:?}", expected.order);
        }
        assert!(orders.is_sorted() && orders.len() == self.there.len(), "{orders:?}");
    }
}

async fn run(seed: u64, fifo: bool, steps: usize) {
    let mut history = History::new(seed, fifo).await;
    for _ in 0..steps {
        let step = std::panic::AssertUnwindSafe(history.step());
        if let Err(panic) = futures_util::FutureExt::catch_unwind(step).await {
            eprintln!("seed {seed}:\n  {}", history.trace.join("\n  "));
            std::panic::resume_unwind(panic);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standard_queue_is_what_it_must_be_through_kills_and_power_cuts() {
    for seed in 0..60 {
        run(seed, false, 120).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fifo_queue_is_what_it_must_be_through_kills_and_power_cuts() {
    for seed in 1000..1060 {
        run(seed, true, 120).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_arrive_once_whatever_happens() {
    for seed in 0..20 {
        let mut dice = Dice::new(seed);
        let mut world = World::new();
        let dead = world.queue("dead", &[]).await;
        let policy = format!("{{\"deadLetterTargetArn\":\"{}\",\"maxReceiveCount\":2}}", world.arn(&dead).await);
        let url = world.queue("q", &[("RedrivePolicy", &policy)]).await;
        let mut sent = BTreeMap::new();
        for n in 0..30 {
            let large = "x".repeat(usize::try_from(dice.roll(2) * 6000).unwrap());
            sent.insert(world.send(&url, &format!("{n}{large}"), 0, None).await, 0);
        }
        for _ in 0..60 {
            match dice.roll(8) {
                0 => world = world.killed().await,
                1 => world = world.after_power_cut().await,
                2 | 3 => world.advance(dice.roll(10)),
                _ => {
                    for message in world.receive(&url, 10, 5).await {
                        assert!(receives(&message) <= 2);
                    }
                }
            }
        }
        for queue in [&url, &dead] {
            world.advance(60);
            loop {
                let got = world.receive(queue, 10, 3600).await;
                if got.is_empty() {
                    break;
                }
                for message in got {
                    *sent.get_mut(message.message_id.as_ref().unwrap()).unwrap() += 1;
                    if queue == &url {
                        world.delete(queue, message.receipt_handle.as_ref().unwrap()).await;
                    }
                }
            }
        }
        assert!(sent.values().all(|times| *times == 1), "seed {seed}: {sent:?}");
    }
}
