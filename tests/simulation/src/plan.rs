//! What a seed decides in advance: queues, clients, and when what goes wrong.

use std::time::Duration;

use testkit::Dice;

/// Every history has at least so many.
const CLIENTS: (u64, u64) = (4, 6);
const OPERATIONS: (u64, u64) = (200, 320);
const FAULTS: (u64, u64) = (3, 7);
/// Histories of one life.
const WHOLE_PERCENT: u64 = 15;

#[derive(Debug)]
pub struct Plan {
    pub clients: usize,
    pub operations: usize,
    /// Functions that may run at once in the account.
    pub concurrency: u32,
    pub queues: Vec<Queue>,
    pub errand: Errand,
    /// The process outlives every fault: what it counts is not lost.
    pub is_whole: bool,
    /// After so many operations.
    pub faults: Vec<(usize, Fault)>,
}

#[derive(Clone, Debug)]
pub struct Queue {
    pub name: &'static str,
    pub fifo: bool,
    /// Deduplication ids count within their group.
    pub per_group: bool,
    pub visibility_s: i64,
    pub delay_s: i64,
    pub retention_s: i64,
    /// The queue of its dead letters, and after how many receives.
    pub dead: Option<(usize, u32)>,
    /// What feeds a function from it; then nobody else receives.
    pub mapping: Option<Mapping>,
    /// It is deleted and made anew.
    pub renewed: bool,
}

#[derive(Clone, Copy, Debug)]
pub struct Mapping {
    pub at_first: Stance,
    pub window_s: i32,
    pub timeout_s: i32,
    /// The function's word counts on what failed of a batch.
    pub reports: bool,
    /// Only some messages are for the function.
    pub filters: bool,
}

/// The function that is called by events.
#[derive(Clone, Copy, Debug)]
pub struct Errand {
    pub timeout_s: i32,
    pub retries: i32,
    pub age_s: i32,
    /// Who is told of those that are given up.
    pub records: bool,
    pub dead_letters: bool,
}

impl Errand {
    fn draw(dice: &mut Dice) -> Self {
        Self {
            timeout_s: dice.between(1, 5) as i32,
            retries: dice.between(0, 2) as i32,
            age_s: dice.between(60, 300) as i32,
            records: dice.percent(65),
            dead_letters: dice.percent(50),
        }
    }
}

/// What can be changed of a mapping.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stance {
    pub there: bool,
    pub enabled: bool,
    pub batch: i32,
    /// Batches at once.
    pub concurrency: Option<i32>,
}

impl Stance {
    pub const GONE: Self = Self { there: false, enabled: false, batch: 0, concurrency: Some(0) };

    fn draw(dice: &mut Dice) -> Self {
        let (batch, some) = (dice.between(1, 10) as i32, dice.percent(60));
        Self { there: true, enabled: true, batch, concurrency: some.then(|| dice.between(2, 5) as i32) }
    }

    /// What somebody makes of it. What has once been bounded stays so.
    pub fn changed(self, dice: &mut Dice) -> Self {
        match dice.below(10) {
            0 | 1 => Self::GONE,
            2..=5 => Self { enabled: !self.enabled, ..self },
            6 | 7 => Self { batch: dice.between(1, 10) as i32, ..self },
            _ => Self { concurrency: Some(dice.between(2, 5) as i32), ..self },
        }
    }
}

impl Queue {
    pub fn filters(&self) -> bool {
        self.mapping.is_some_and(|mapping| mapping.filters)
    }

    /// The function that it feeds.
    pub fn function(&self) -> Option<&'static str> {
        self.mapping.map(|_| self.name.trim_end_matches(".fifo"))
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    Kill { down: Duration },
    PowerCut { down: Duration },
    FailWrite,
    FailSync,
    RefuseWrites { commits: u32 },
    SlowDisk { time: Duration },
    ClockJump { by: Duration },
}

const FOUR_DAYS_S: i64 = 345_600;

impl Plan {
    pub fn draw(dice: &mut Dice) -> Self {
        let operations = dice.between(OPERATIONS.0, OPERATIONS.1);
        let is_whole = dice.percent(WHOLE_PERCENT);
        let mut faults: Vec<(usize, Fault)> = (0..dice.between(FAULTS.0, FAULTS.1))
            .map(|_| (usize::try_from(dice.between(5, operations - 20)).unwrap_or(5), Fault::draw(dice, is_whole)))
            .collect();
        if dice.percent(50) {
            // The name of a deleted queue is free then.
            let by = Duration::from_secs(dice.between(50, 70));
            faults.push((usize::try_from(operations / 2).unwrap_or(0), Fault::ClockJump { by }));
        }
        faults.sort_by_key(|(after, _)| *after);
        Self {
            clients: usize::try_from(dice.between(CLIENTS.0, CLIENTS.1)).unwrap_or(4),
            operations: usize::try_from(operations).unwrap_or(200),
            concurrency: u32::try_from(dice.between(2, 12)).unwrap_or(2),
            queues: queues(dice),
            errand: Errand::draw(dice),
            is_whole,
            faults,
        }
    }
}

fn queues(dice: &mut Dice) -> Vec<Queue> {
    let mut queue = |name, fifo, dead, retention_s| queue_of(dice, name, fifo, dead, retention_s);
    let mut queues = vec![
        queue("jobs", false, Some((1, 2)), FOUR_DAYS_S),
        queue("jobs-dead", false, None, FOUR_DAYS_S),
        queue("orders.fifo", true, Some((3, 2)), FOUR_DAYS_S),
        queue("orders-dead.fifo", true, None, FOUR_DAYS_S),
        queue("ticks", false, None, 60),
        queue("ledger.fifo", true, None, FOUR_DAYS_S),
        queue("work", false, Some((7, 2)), FOUR_DAYS_S),
        queue("work-dead", false, None, FOUR_DAYS_S),
        queue("feed.fifo", true, None, FOUR_DAYS_S),
    ];
    let visits = if dice.percent(50) { "visits.fifo" } else { "visits" };
    queues.push(Queue { renewed: true, ..queue_of(dice, visits, visits.ends_with(".fifo"), None, FOUR_DAYS_S) });
    for queue in &mut queues {
        if let Some((_, receives)) = &mut queue.dead {
            *receives = u32::try_from(dice.between(1, 4)).unwrap_or(2);
        }
        if queue.name.contains("dead") {
            queue.delay_s = 0;
        }
        if ["work", "feed.fifo"].contains(&queue.name) {
            let mapping = Mapping {
                at_first: Stance::draw(dice),
                window_s: if !queue.fifo && dice.percent(30) { dice.between(1, 3) as i32 } else { 0 },
                timeout_s: dice.between(1, 5) as i32,
                reports: dice.percent(60),
                filters: dice.percent(40),
            };
            queue.visibility_s = i64::from(mapping.timeout_s) + dice.between(0, 12) as i64;
            queue.mapping = Some(mapping);
        }
    }
    queues
}

fn queue_of(dice: &mut Dice, name: &'static str, fifo: bool, dead: Option<(usize, u32)>, retention_s: i64) -> Queue {
    Queue {
        name,
        fifo,
        per_group: fifo && dice.percent(50),
        visibility_s: dice.between(1, 20) as i64,
        delay_s: if dice.percent(20) { dice.between(1, 5) as i64 } else { 0 },
        retention_s,
        dead,
        mapping: None,
        renewed: false,
    }
}

impl Fault {
    fn draw(dice: &mut Dice, is_whole: bool) -> Self {
        let down = Duration::from_millis(dice.between(5, 4000));
        let kind = if is_whole { dice.between(11, 15) } else { dice.below(16) };
        match kind {
            0..=4 => Self::Kill { down },
            5..=8 => Self::PowerCut { down },
            9 => Self::FailWrite,
            10 => Self::FailSync,
            11 | 12 => Self::RefuseWrites { commits: u32::try_from(dice.between(1, 6)).unwrap_or(1) },
            13 => Self::SlowDisk { time: Duration::from_millis(dice.between(100, 5000)) },
            _ => Self::ClockJump { by: Duration::from_millis(dice.between(500, 90_000)) },
        }
    }
}
