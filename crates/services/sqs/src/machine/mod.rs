//! A queue as a machine of the store: its commands, and what of them is kept when.
//!
//! | command | answered when |
//! |---|---|
//! | send, delete, change visibility, purge, move | the disk has it |
//! | receive, expiry | the operating system has it: it survives `kill -9`, and a power cut after 100 ms |
//! | counts, an empty receive | at once |

mod command;
mod facts;
mod measure;
mod open;
mod peek;
mod receive;
mod redrive;
mod send;
mod settle;
mod sweep;
mod waiting;
mod young;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kernel::Timestamp;
use store::{Effects, Machine, Reply, StoreError, TimerId, Txn};

pub(crate) use command::*;
pub(crate) use facts::{Receiver, fact};
use waiting::Waiting;
pub(crate) use young::Rooms;
use young::Young;

use crate::model::attributes::Attributes;
use crate::model::dedup::Dedup;
use crate::model::fifo::Fifo;
use crate::model::flight::{Flight, State};
use crate::model::standard::Standard;
use crate::records::{Keys, Mark, QueueId};

/// A queue of either kind, by what decides which message is next.
enum Line {
    Standard(Standard),
    Fifo(Box<Fifo>, Dedup),
}

pub(crate) struct QueueMachine {
    id: QueueId,
    keys: Keys,
    /// None: there is no such queue any more.
    attributes: Option<Arc<Attributes>>,
    line: Line,
    young: Young,
    waiting: Waiting,
    /// As it stands on disk.
    mark: Mark,
    /// The store's timer that is to come next.
    armed: Option<i64>,
    /// When the oldest message has to be looked at.
    expiry: Option<i64>,
    attempts: BTreeMap<String, Attempt>,
}

/// A receive of a FIFO queue that can be asked for again.
struct Attempt {
    at: i64,
    nonce: u64,
    messages: BTreeSet<u64>,
}

impl Line {
    fn flight(&self) -> &Flight {
        match self {
            Self::Standard(standard) => &standard.flight,
            Self::Fifo(fifo, _) => &fifo.flight,
        }
    }

    fn set(&mut self, sequence: u64, state: State, now: i64) {
        match self {
            Self::Standard(standard) => standard.set(sequence, state, now),
            Self::Fifo(fifo, _) => fifo.set(sequence, state, now),
        };
    }

    fn wake(&mut self, now: i64) {
        match self {
            Self::Standard(standard) => standard.wake(now),
            Self::Fifo(fifo, _) => fifo.wake(now),
        }
    }

    fn next(&self) -> u64 {
        match self {
            Self::Standard(standard) => standard.next(),
            Self::Fifo(fifo, _) => fifo.next(),
        }
    }
}

impl Machine for QueueMachine {
    type Id = QueueId;
    type Cmd = Command;
    type Out = Out;
    type Event = ();

    fn open(id: &QueueId, stored: &Txn, fx: &mut Effects<Self>) -> Result<Self, StoreError> {
        let mut machine = Self::read(id, stored, fx.now().millis())?;
        machine.arm(fx);
        Ok(machine)
    }

    fn apply(&mut self, command: Command, stored: &Txn, fx: &mut Effects<Self>) -> Reply<Out> {
        match self.run(command, stored, fx) {
            Ok(reply) => reply,
            Err(error) => {
                fx.fail(error);
                Reply::now(Out::Done)
            }
        }
    }

    fn on_timer(&mut self, timer: TimerId, stored: &Txn, fx: &mut Effects<Self>) {
        if self.armed.is_some_and(|armed| timer_id(armed) == timer) {
            self.armed = None;
        }
        if let Err(error) = self.on_time(stored, fx) {
            fx.fail(error);
        }
    }
}

fn timer_id(at: i64) -> TimerId {
    TimerId(u64::try_from(at).unwrap_or(0))
}

impl QueueMachine {
    fn run(&mut self, command: Command, stored: &Txn, fx: &mut Effects<Self>) -> Result<Reply<Out>, StoreError> {
        if let Command::Sweep = command {
            return self.sweep(stored, fx);
        }
        let Some(attributes) = self.attributes.clone() else { return Ok(Reply::now(Out::NoQueue)) };
        let stored_to = self.catch_up(&attributes, stored, fx)?;
        let reply = match command {
            Command::Send(messages) => self.send(messages, &attributes, fx),
            Command::Receive(receive) => self.receive(receive, &attributes, stored, fx)?,
            Command::Leave(place) => {
                self.waiting.leave(place);
                Reply::now(Out::Done)
            }
            Command::Delete(receipts) => self.delete(&receipts, stored, fx)?,
            Command::Change(changes) => self.change(&changes, fx),
            Command::Count => Reply::now(Out::Counts(self.counts(fx.now().millis(), &attributes))),
            Command::Measure => self.measure(&attributes, fx.now().millis(), stored)?,
            Command::Peek(from) => Reply::now(Out::Peeked(self.peek(from, &attributes, stored, fx.now().millis())?)),
            Command::Body(sequence) => Reply::now(Out::Body(stored.get(&self.keys.body(sequence))?)),
            Command::Purge(pause) => self.purge(pause, stored, fx)?,
            Command::Refresh => self.refresh(stored, fx)?,
            Command::DeleteQueue => self.delete_queue(fx),
            Command::Take(messages) => self.take(messages, &attributes, fx),
            Command::Move(task) => self.move_on(task, &attributes, stored, fx)?,
            Command::Sweep => Reply::now(Out::Done),
        };
        self.read_on(stored_to, stored)?;
        self.serve(stored, fx)?;
        self.arm(fx);
        Ok(reply)
    }

    fn on_time(&mut self, stored: &Txn, fx: &mut Effects<Self>) -> Result<(), StoreError> {
        let Some(attributes) = self.attributes.clone() else { return Ok(()) };
        let stored_to = self.catch_up(&attributes, stored, fx)?;
        self.read_on(stored_to, stored)?;
        self.serve(stored, fx)?;
        self.waiting.give_up(fx.now().millis(), fx);
        self.arm(fx);
        Ok(())
    }

    /// What time has brought about since the last command. Answers the number behind the last message that is stored.
    fn catch_up(&mut self, attributes: &Attributes, stored: &Txn, fx: &mut Effects<Self>) -> Result<u64, StoreError> {
        let now = fx.now().millis();
        let stored_to = self.line.next();
        self.line.wake(now);
        if self.expiry.is_some_and(|expiry| expiry <= now) {
            self.expire(attributes, stored, fx)?;
        }
        Ok(stored_to)
    }

    /// Asks for the next timer. While nobody waits nothing has to happen when a message becomes visible.
    fn arm(&mut self, fx: &mut Effects<Self>) {
        let mut next = self.expiry;
        if let Some(deadline) = self.waiting.first_deadline() {
            let now = fx.now().millis();
            let undelayed = match (&self.line, &self.attributes) {
                (Line::Fifo(fifo, _), Some(attributes)) => fifo.next_undelayed(now, delay_ms(attributes)),
                _ => None,
            };
            let due = [Some(deadline), self.line.flight().next_due(), undelayed];
            next = due.into_iter().chain([next]).flatten().min();
        }
        if let Some(next) = next.filter(|next| self.armed.is_none_or(|armed| *next < armed)) {
            self.armed = Some(next);
            fx.timer(Timestamp::from_millis(next), timer_id(next));
        }
    }

    /// Writes how far the queue has come, if that is not what the disk has.
    fn put_mark(&mut self, fx: &mut Effects<Self>) {
        let mark = match &self.line {
            Line::Standard(standard) => {
                Mark { cursor: standard.cursor(), low: standard.low(), next: standard.next(), ..self.mark }
            }
            Line::Fifo(fifo, _) => Mark { cursor: fifo.floor(), low: fifo.floor(), next: fifo.next(), ..self.mark },
        };
        if mark != self.mark {
            self.mark = mark;
            fx.put(self.keys.mark.clone(), mark.encode());
        }
    }

    fn put_state(&self, sequence: u64, fx: &mut Effects<Self>) {
        if let Some((state, _)) = self.line.flight().get(sequence) {
            fx.put(self.keys.state(sequence), state.encode());
        }
    }

    fn counts(&self, now: i64, attributes: &Attributes) -> Counts {
        match &self.line {
            Line::Standard(standard) => Counts {
                visible: standard.visible(),
                in_flight: standard.flight.in_flight() as u64,
                delayed: standard.flight.delayed() as u64,
            },
            Line::Fifo(fifo, _) => {
                let delay_ms = delay_ms(attributes);
                Counts {
                    visible: fifo.visible(now, delay_ms),
                    in_flight: fifo.flight.in_flight() as u64,
                    delayed: fifo.delayed(now, delay_ms),
                }
            }
        }
    }
}

fn delay_ms(attributes: &Attributes) -> i64 {
    i64::from(attributes.delay_seconds) * 1000
}
