//! One history: lives of the process, one after the other, until the clients have done their work; then everything is
//! drained and counted.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use api_sqs::Sqs;
use api_sqs::types::ListMessageMoveTasksRequest;
use kernel::Clock;
use testkit::{Dice, Platform, World};
use tokio::task::JoinSet;

use crate::calls::{arn, url};
use crate::client::Client;
use crate::errands;
use crate::ledger::{Answer, Call, Expected, Shared};
use crate::mappings;
use crate::metrics;
use crate::plan::{Fault, Plan, Stance};
use crate::queues::make_queue;
use crate::worker::Worker;

/// Longer than any visibility timeout.
const UNTIL_ALL_IS_VISIBLE: Duration = Duration::from_secs(13 * 3600);
/// Longer than a minute of metrics.
const UNTIL_HANDED_OVER: Duration = Duration::from_secs(130);
/// Looks at a move task, ten seconds apart.
const LOOKS_MAX: usize = 60;

/// What a history has shown.
#[derive(Debug)]
pub struct History {
    pub operations: usize,
    pub faults: usize,
    pub messages: usize,
    pub trace: String,
}

/// A promise that was broken.
#[derive(Debug)]
pub struct Failure {
    pub seed: u64,
    pub what: String,
    pub trace: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}: {}", self.seed, self.what)
    }
}

/// How a life ended.
enum End {
    Killed(Fault),
    Failed,
    Done,
}

/// Runs the history of a seed.
pub fn run(seed: u64) -> Result<History, Failure> {
    let plan = Plan::draw(&mut Dice::new(seed, "plan"));
    let (faults, clients) = (plan.faults.len(), plan.clients);
    let mut world = World::new(seed);
    world.concurrency = plan.concurrency;
    world.trace.say(format_args!("seed {seed}: {plan:?}"));
    let shared = Shared::new(plan, world.clock.clone(), world.disk.clone(), world.trace.clone());
    let mut dice = Dice::new(seed, "faults");
    for life in 0.. {
        let workers = (0..clients).map(|number| Client {
            number,
            hasty: true,
            dice: Dice::new(seed, &format!("client {number} life {life}")),
        });
        let operator =
            Operator { shared: shared.clone(), dice: dice.clone(), disk: world.disk.clone(), first: life == 0 };
        let play = Dice::new(seed, &format!("functions life {life}"));
        let worker = Arc::new(Worker::new(shared.clone(), world.clock.clone(), play));
        let workers: Vec<Client> = workers.collect();
        let (end, after) = world.live(worker, |platform| operator.live(platform, workers));
        dice = after;
        shared.lock().process_ended();
        match end {
            End::Done => break,
            End::Killed(Fault::PowerCut { down }) => {
                world.cut_power();
                shared.lock().power_cut();
                world.clock.pass(down);
            }
            End::Killed(Fault::Kill { down }) => world.clock.pass(down),
            End::Killed(_) | End::Failed => world.clock.pass(Duration::from_millis(50)),
        }
    }
    let mut ledger = shared.lock();
    if ledger.broken().is_none() {
        ledger.check_the_end();
    }
    let trace = world.trace.text();
    match ledger.broken() {
        Some(what) => Err(Failure { seed, what, trace }),
        None => Ok(History { operations: ledger.operations(), faults, messages: ledger.messages.len(), trace }),
    }
}

/// Who starts the clients of a life, and does to the process what the plan says.
struct Operator {
    shared: Shared,
    dice: Dice,
    disk: testkit::Disk,
    first: bool,
}

impl Operator {
    async fn live(mut self, platform: Arc<Platform>, workers: Vec<Client>) -> (End, Dice) {
        if self.first {
            self.make_queues(&platform).await;
        }
        let mut clients = JoinSet::new();
        for client in workers {
            clients.spawn(client.work(platform.clone(), self.shared.clone()));
        }
        let due = self.shared.lock().fault_is_due();
        loop {
            tokio::select! {
                biased;
                () = platform.ended() => return (End::Failed, self.dice),
                () = due.notified() => {
                    if let Some(end) = self.disturb(&platform).await {
                        return (end, self.dice);
                    }
                }
                joined = clients.join_next() => match joined {
                    Some(Ok(())) => {}
                    Some(Err(error)) => std::panic::resume_unwind(error.into_panic()),
                    None => break,
                },
            }
        }
        if self.shared.lock().broken().is_none() {
            self.drain(&platform).await;
        }
        (End::Done, self.dice)
    }

    /// Brings about every fault that is due. Answers if the process does not outlive it.
    async fn disturb(&mut self, platform: &Platform) -> Option<End> {
        loop {
            let fault = self.shared.lock().take_fault()?;
            platform.clock.pause(Duration::from_micros(self.dice.between(0, 30_000))).await;
            platform.trace.say(format_args!("fault: {fault:?}"));
            match fault {
                Fault::Kill { .. } | Fault::PowerCut { .. } => return Some(End::Killed(fault)),
                Fault::FailWrite => self.disk.moods().fail_commit = true,
                Fault::FailSync => self.disk.moods().fail_sync = true,
                Fault::RefuseWrites { commits } => self.disk.moods().refuse_commits = commits,
                Fault::SlowDisk { time } => {
                    let until = platform.clock.monotonic() + time;
                    self.disk.moods().slow_until = until;
                    self.shared.lock().slow_until(until);
                }
                Fault::ClockJump { by } => platform.clock.jump(by),
            }
            self.shared.lock().disturbed_by(fault);
        }
    }

    async fn make_queues(&self, platform: &Platform) {
        let queues = self.shared.lock().plan.queues.clone();
        // Those that others name come first.
        let (dead, others): (Vec<_>, Vec<_>) = queues.iter().partition(|queue| queue.name.contains("dead"));
        for queue in dead.into_iter().chain(others) {
            if let Err(error) = make_queue(platform, &queues, queue).await {
                self.shared.lock().breaks(format!("{} could not be made: {error:?}", queue.name));
            }
        }
        let errand = self.shared.lock().plan.errand;
        if let Err(error) = errands::make(platform, errand).await {
            self.shared.lock().breaks(format!("the errands' function could not be made: {error:?}"));
        }
        for queue in &queues {
            let (Some(mapping), Some(function)) = (queue.mapping, queue.function()) else { continue };
            let made = match platform.make_function(function, mapping.timeout_s, None).await {
                Ok(()) => mappings::make(platform, queue, function, mapping, mapping.at_first).await,
                refused => refused,
            };
            if let Err(error) = made {
                self.shared.lock().breaks(format!("{} could not be mapped: {error:?}", queue.name));
            }
        }
    }

    /// Events are tried until they succeed or are given up.
    async fn wait_for_events(&self, platform: &Platform) {
        for _ in 0..LOOKS_MAX {
            for told in errands::told(platform).await {
                self.shared.lock().told(&told);
            }
            if !self.shared.lock().waits_for_events() {
                break;
            }
            platform.clock.pause(Duration::from_secs(15)).await;
        }
        self.shared.lock().check_events();
    }

    /// From now on every function succeeds: mappings empty their queues.
    async fn wait_for_mappings(&self, platform: &Platform, client: &mut Client) {
        self.shared.lock().calm();
        let queues = self.shared.lock().plan.queues.clone();
        for (at, queue) in queues.iter().enumerate().filter(|(_, queue)| queue.mapping.is_some()) {
            self.enable(platform, client, at).await;
            let mut looks = 0;
            while !matches!(
                client.call(platform, &self.shared, Call::Count { queue: at }).await,
                Answer::Counted([0, 0, 0])
            ) {
                looks += 1;
                if looks > LOOKS_MAX {
                    return self.shared.lock().breaks(format!("the mapping of {} does not empty it", queue.name));
                }
                platform.clock.pause(Duration::from_secs(10)).await;
            }
        }
    }

    /// A mapping that is to empty its queue has to be there.
    async fn enable(&self, platform: &Platform, client: &mut Client, queue: usize) {
        let to = self.shared.lock().plan.queues[queue].mapping.map(|mapping| mapping.at_first);
        let Some(to) = to.map(|to| Stance { there: true, enabled: true, ..to }) else { return };
        for _ in 0..LOOKS_MAX {
            if matches!(client.call(platform, &self.shared, Call::Remap { queue, to }).await, Answer::Done) {
                return;
            }
            platform.clock.pause(Duration::from_secs(1)).await;
        }
        self.shared.lock().breaks(format!("the mapping of queue {queue} cannot be enabled"));
    }

    /// A queue that was deleted is made anew, as soon as its name is free.
    async fn renew(&self, platform: &Platform, client: &mut Client, queue: usize) {
        for _ in 0..LOOKS_MAX {
            if matches!(client.call(platform, &self.shared, Call::Make { queue }).await, Answer::Done) {
                return;
            }
            platform.clock.pause(Duration::from_secs(2)).await;
        }
        self.shared.lock().breaks(format!("queue {queue} cannot be made anew"));
    }

    /// The faults are over: receives and deletes everything, the sources before their dead letters.
    async fn drain(&mut self, platform: &Platform) {
        *self.disk.moods() = testkit::Moods::default();
        platform.trace.say(format_args!("draining"));
        let queues = self.shared.lock().plan.queues.clone();
        for queue in queues.iter().filter(|queue| queue.name.contains("dead")) {
            self.wait_for_moves(platform, queue.name).await;
        }
        let mut client = Client { number: 99, dice: self.dice.clone(), hasty: false };
        self.wait_for_mappings(platform, &mut client).await;
        for at in (0..queues.len()).filter(|at| queues[*at].renewed) {
            self.renew(platform, &mut client, at).await;
        }
        self.wait_for_events(platform).await;
        platform.clock.jump(UNTIL_ALL_IS_VISIBLE);
        self.shared.lock().drain();
        for dead in [false, true] {
            for at in (0..queues.len()).filter(|at| queues[*at].name.contains("dead") == dead) {
                if queues[at].mapping.is_some() {
                    continue;
                }
                self.empty(platform, &mut client, at).await;
            }
        }
        for (at, queue) in queues.iter().enumerate() {
            let counted = client.call(platform, &self.shared, Call::Count { queue: at }).await;
            if !matches!(counted, Answer::Counted([0, 0, 0])) {
                self.shared.lock().breaks(format!("{} was emptied, and counts {counted:?}", queue.name));
            }
        }
        self.check_metrics(platform).await;
    }

    /// Before and after what was counted is handed over.
    async fn check_metrics(&self, platform: &Platform) {
        if !self.shared.lock().plan.is_whole || self.shared.lock().broken().is_some() {
            return;
        }
        let expected = self.shared.lock().expected();
        for _ in 0..2 {
            for expected in &expected {
                let said = metrics::sum(platform, expected).await.unwrap_or(-1.0);
                if said < expected.at_least as f64 || said > expected.at_most as f64 {
                    let Expected { names, of: (_, of), at_least, at_most } = expected;
                    let words = format!("{names:?} of {of} are {said}, and were {at_least} to {at_most}");
                    self.shared.lock().breaks(words);
                }
            }
            platform.clock.pause(UNTIL_HANDED_OVER).await;
        }
    }

    async fn empty(&self, platform: &Platform, client: &mut Client, queue: usize) {
        let mut nothing = 0;
        while nothing < 2 && self.shared.lock().broken().is_none() {
            let call = Call::Receive { queue, most: 10, wait_s: 0, visibility_s: Some(3600) };
            let Answer::Received(got) = client.call(platform, &self.shared, call).await else { continue };
            if got.is_empty() {
                nothing += 1;
                continue;
            }
            nothing = 0;
            let mut entries: Vec<_> = got.into_iter().filter_map(|d| Some((d.n?, d.handle))).collect();
            while !entries.is_empty() && self.shared.lock().broken().is_none() {
                let call = Call::Delete { queue, entries: entries.clone(), garbage: false };
                if let Answer::Settled(done) = client.call(platform, &self.shared, call).await {
                    let mut done = done.into_iter();
                    entries.retain(|_| done.next() == Some(false));
                }
            }
        }
    }

    async fn wait_for_moves(&self, platform: &Platform, name: &str) {
        for _ in 0..LOOKS_MAX {
            let input = ListMessageMoveTasksRequest { source_arn: Some(arn(name)), max_results: Some(10) };
            let listed = platform.sqs.list_message_move_tasks(&platform.cx(), input).await;
            let tasks = listed.ok().and_then(|listed| listed.results).unwrap_or_default();
            if tasks.iter().all(|task| task.status.as_deref() != Some("RUNNING")) {
                return;
            }
            platform.clock.pause(Duration::from_secs(10)).await;
        }
        self.shared.lock().breaks(format!("a move task of {} never ends", url(name)));
    }
}
