//! What the clients know, and what must hold of it.
//!
//! A call happens at some moment between its asking and its answer; one without an answer may happen later or never. A
//! promise is checked where that leaves no way out.

mod counts;
mod disturbances;
mod events;
mod feeding;
mod lives;
mod mapping;
mod messages;
mod receiving;
mod settling;
mod state;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kernel::Clock;
use testkit::{Dice, Disk, SimClock, Trace};
use tokio::sync::Notify;

pub use counts::Expected;
pub use feeding::Verdict;
use lives::NO_QUEUE;
pub use messages::Message;
use messages::{Moment, Unknown};
pub use words::{Answer, Call, Delivered, Fed, Sending};

use crate::plan::{Plan, Queue};

/// A call that has no answer yet.
struct Pending {
    client: usize,
    call: Call,
    asked: Moment,
}

/// What has happened on one queue that is not about one message.
#[derive(Default)]
struct QueueState {
    /// Receives whose outcome nobody knows.
    unknown: Vec<Unknown>,
    /// All receives: when asked, and when answered.
    receives: Vec<(Moment, Option<Moment>)>,
    /// A move task was started here.
    redriven: bool,
    feeding: Option<mapping::Feeding>,
    life: lives::Life,
    counts: counts::Counts,
}

pub struct Ledger {
    pub plan: Plan,
    pub messages: Vec<Message>,
    events: Vec<events::Event>,
    clock: SimClock,
    disk: Disk,
    trace: Trace,
    calls: u64,
    pending: BTreeMap<u64, Pending>,
    queues: Vec<QueueState>,
    operations: usize,
    next_fault: usize,
    /// When the disk was last slow (monotonic).
    slow_until: Duration,
    fault: Arc<Notify>,
    /// The first promise that was broken.
    broken: Option<String>,
    draining: bool,
    /// Invocations that have not ended.
    runs: BTreeMap<u64, feeding::Run>,
    /// Which receives of which messages have run.
    ran: BTreeSet<(usize, u32)>,
    calm: bool,
    disturbances: disturbances::Disturbances,
}

#[derive(Clone)]
pub struct Shared(Arc<Mutex<Ledger>>);

impl Shared {
    pub fn new(plan: Plan, clock: SimClock, disk: Disk, trace: Trace) -> Self {
        let feeding = |queue: &Queue| queue.mapping.map(|mapping| mapping::Feeding::new(mapping.at_first));
        let queues =
            plan.queues.iter().map(|queue| QueueState { feeding: feeding(queue), ..QueueState::default() }).collect();
        Self(Arc::new(Mutex::new(Ledger {
            plan,
            messages: Vec::new(),
            events: Vec::new(),
            clock,
            disk,
            trace,
            calls: 0,
            pending: BTreeMap::new(),
            queues,
            operations: 0,
            next_fault: 0,
            slow_until: Duration::ZERO,
            fault: Arc::new(Notify::new()),
            broken: None,
            draining: false,
            runs: BTreeMap::new(),
            ran: BTreeSet::new(),
            calm: false,
            disturbances: disturbances::Disturbances::default(),
        })))
    }

    pub fn lock(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger {
    fn now(&self) -> Moment {
        Moment { at: self.clock.monotonic(), shown: self.clock.now().millis() }
    }

    pub fn queues(&self) -> usize {
        self.plan.queues.len()
    }

    pub fn operations(&self) -> usize {
        self.operations
    }

    pub fn broken(&self) -> Option<String> {
        self.broken.clone()
    }

    pub fn breaks(&mut self, what: String) {
        self.trace.say(format_args!("BROKEN: {what}"));
        self.broken.get_or_insert(what);
    }

    /// Wakes when the next fault is due.
    pub fn fault_is_due(&self) -> Arc<Notify> {
        self.fault.clone()
    }

    pub fn takes_operations(&self) -> bool {
        self.operations < self.plan.operations && self.broken.is_none()
    }

    /// Counts an operation. Answers whether there is room for it.
    pub fn begins_operation(&mut self) -> bool {
        if !self.takes_operations() {
            return false;
        }
        self.operations += 1;
        if self.plan.faults.get(self.next_fault).is_some_and(|(after, _)| *after <= self.operations) {
            self.fault.notify_one();
        }
        true
    }

    /// The fault that is due, if one is.
    pub fn take_fault(&mut self) -> Option<crate::plan::Fault> {
        let (_, fault) = *self.plan.faults.get(self.next_fault).filter(|(after, _)| *after <= self.operations)?;
        self.next_fault += 1;
        Some(fault)
    }

    pub fn slow_until(&mut self, until: Duration) {
        self.slow_until = self.slow_until.max(until);
    }

    /// Those that were sent and not deleted yet by whoever received them: message and handle, the oldest first.
    pub fn held(&self, queue: usize) -> Vec<(usize, String)> {
        let mut held = Vec::new();
        for (n, message) in self.messages.iter().enumerate().filter(|(_, message)| message.gone.is_none()) {
            let latest = message.receives.iter().filter(|receive| receive.queue == queue);
            held.extend(latest.map(|receive| (receive.answered.at, n, receive.handle.clone())));
        }
        held.sort();
        held.into_iter().map(|(_, n, handle)| (n, handle)).collect()
    }

    pub fn new_message(
        &mut self,
        queue: usize,
        group: Option<u64>,
        own_delay_s: Option<i64>,
        large: bool,
        wanted: Option<bool>,
    ) -> usize {
        self.messages.push(Message { wanted, ..Message::new(queue, group, own_delay_s, large) });
        self.messages.len() - 1
    }

    /// FIFO: a message that was sent lately is sent again under the same deduplication id.
    pub fn resend(&mut self, dice: &mut Dice) -> Option<Call> {
        let now = self.now().shown;
        let lately = |message: &Message| {
            let queue = &self.plan.queues[message.queue];
            queue.fifo && !queue.renewed && message.first_asked.is_some_and(|asked| asked.shown + 240_000 > now)
        };
        let candidates: Vec<usize> =
            self.messages.iter().enumerate().filter(|(_, message)| lately(message)).map(|(n, _)| n).collect();
        let n = *dice.pick(&candidates)?;
        Some(Call::Send { queue: self.messages[n].queue, messages: vec![n] })
    }

    pub fn begin(&mut self, client: usize, call: Call) -> u64 {
        self.look_at_disk();
        let asked = self.now();
        self.calls += 1;
        self.trace.say(format_args!("client {client}: {} {call:?}", self.calls));
        match &call {
            Call::Send { messages, .. } => self.begin_send(messages, asked),
            Call::Receive { queue, .. } => self.queues[*queue].receives.push((asked, None)),
            Call::Delete { entries, .. } => self.begin_delete(entries),
            Call::Change { entries, .. } => self.begin_change(entries),
            Call::Purge { queue } => self.begin_purge(*queue),
            Call::Drop { queue } => self.begin_drop(*queue),
            Call::Make { queue } => self.begin_make(*queue),
            Call::Invoke { event } => self.events[*event].asked = Some(asked),
            Call::Redrive { queue } => self.queues[*queue].redriven = true,
            Call::Remap { queue, to } => self.begin_remap(*queue, *to),
            Call::Count { .. } => {}
        }
        self.pending.insert(self.calls, Pending { client, call, asked });
        self.calls
    }

    pub fn end(&mut self, number: u64, answer: Answer) {
        let Some(Pending { client, call, asked }) = self.pending.remove(&number) else { return };
        self.look_at_disk();
        let answered = self.now();
        self.trace.say(format_args!("client {client}: {number} answered {answer:?}"));
        if matches!(answer, Answer::Silence) {
            self.breaks(format!("call {number} was never answered: {call:?}"));
        }
        self.check_life(&call, asked, &answer);
        self.count(&call, &answer);
        match call {
            Call::Send { queue, messages } => self.end_send(queue, &messages, asked, answered, &answer),
            Call::Receive { queue, most, wait_s, visibility_s } => {
                let visibility_s = visibility_s.unwrap_or(self.plan.queues[queue].visibility_s);
                if let Some(open) =
                    self.queues[queue].receives.iter_mut().find(|(began, end)| *began == asked && end.is_none())
                {
                    open.1 = Some(answered);
                }
                match answer {
                    Answer::Received(got) => self.received(queue, most, visibility_s, asked, answered, got),
                    Answer::Refused(code) if code != NO_QUEUE => {
                        self.breaks(format!("a receive was refused: {code}"));
                    }
                    _ => self.receive_lost(queue, wait_s, visibility_s, asked, answered),
                }
            }
            Call::Delete { queue, entries, .. } => self.end_delete(queue, &entries, answered, &answer),
            Call::Change { entries, seconds, .. } => self.end_change(&entries, seconds, asked, answered, &answer),
            Call::Purge { queue } => self.end_purge(queue, asked, answered, &answer),
            Call::Drop { queue } => self.end_drop(queue, asked, answered, &answer),
            Call::Make { queue } => self.end_make(queue, asked, answered, &answer),
            Call::Invoke { event } => self.end_invoke(event, answered, &answer),
            Call::Remap { queue, to } => self.end_remap(queue, to, &answer),
            Call::Redrive { .. } | Call::Count { .. } => {}
        }
    }

    /// The process has ended: nobody will hear of what was under way.
    pub fn process_ended(&mut self) {
        self.disturbed_by_end();
        self.runs.clear();
        self.events.iter_mut().for_each(|event| event.is_running = false);
        let under_way: Vec<u64> = self.pending.keys().copied().collect();
        for number in under_way {
            self.end(number, Answer::Unknown);
        }
    }

    pub fn drain(&mut self) {
        self.draining = true;
    }
}
