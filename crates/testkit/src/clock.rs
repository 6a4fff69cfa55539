//! Time that moves when nothing else can.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use kernel::{BoxFuture, Clock, Timestamp};

/// Where every world begins: 2025-01-01T00:00:00Z, in milliseconds.
const BEGINNING_MS: i64 = 1_735_689_600_000;

/// A virtual clock. It stands still until [`SimClock::move_on`] is called, which the runtime does when nothing can run.
#[derive(Clone, Default)]
pub struct SimClock {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Microseconds since the beginning that nobody can set.
    monotonic: i64,
    /// Microseconds that the shown time is ahead of that.
    ahead: i64,
    sleepers: BTreeMap<Place, Waker>,
    /// Orders sleepers that are due at the same time.
    asked: u64,
    holders: usize,
}

/// Due (in microseconds of its scale), and who asked first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    scale: Scale,
    due: i64,
    asked: u64,
}

/// Which time a sleeper waits for: the one that jumps, or the one that does not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Scale {
    Shown,
    Monotonic,
}

impl State {
    fn at(&self, scale: Scale) -> i64 {
        match scale {
            Scale::Shown => self.monotonic + self.ahead,
            Scale::Monotonic => self.monotonic,
        }
    }

    fn first(&self, scale: Scale) -> Option<Place> {
        let from = Place { scale, due: i64::MIN, asked: 0 };
        self.sleepers.range(from..).next().map(|(place, _)| *place).filter(|place| place.scale == scale)
    }

    /// Everybody who is due, in order.
    fn due(&mut self) -> Vec<Waker> {
        let mut due = Vec::new();
        for scale in [Scale::Shown, Scale::Monotonic] {
            while let Some(place) = self.first(scale).filter(|place| place.due <= self.at(scale)) {
                due.extend(self.sleepers.remove(&place).map(|waker| (place.asked, waker)));
            }
        }
        due.sort_by_key(|(asked, _)| *asked);
        due.into_iter().map(|(_, waker)| waker).collect()
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX / 4)
}

impl SimClock {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes to the next sleeper's time and wakes whoever is then due. Does nothing while it is held, or nobody sleeps.
    pub fn move_on(&self) {
        let mut state = self.lock();
        if state.holders > 0 {
            return;
        }
        let left = [Scale::Shown, Scale::Monotonic]
            .into_iter()
            .filter_map(|scale| state.first(scale).map(|place| place.due - state.at(scale)))
            .min();
        let Some(left) = left else { return };
        state.monotonic += left.max(0);
        let due = state.due();
        drop(state);
        due.into_iter().for_each(Waker::wake);
    }

    /// Lets time pass while no process runs.
    pub fn pass(&self, time: Duration) {
        self.lock().monotonic += micros(time);
    }

    /// Sets the shown time forward, as an operator does it, or a machine that has slept.
    pub fn jump(&self, by: Duration) {
        let mut state = self.lock();
        state.ahead += micros(by);
        let due = state.due();
        drop(state);
        due.into_iter().for_each(Waker::wake);
    }

    /// Stops the time until the answer is dropped: work on other threads must not race with it.
    #[must_use]
    pub fn hold(&self) -> Held {
        self.lock().holders += 1;
        Held(self.clone())
    }

    /// Forgets who sleeps: a process has ended.
    pub(crate) fn forget_sleepers(&self) {
        let sleepers = std::mem::take(&mut self.lock().sleepers);
        drop(sleepers);
    }

    fn sleep(&self, scale: Scale, due: i64) -> BoxFuture<'static, ()> {
        Box::pin(Sleep { clock: self.clone(), scale, due, place: None })
    }
}

/// As long as it lives the time stands still.
pub struct Held(SimClock);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.lock().holders -= 1;
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(BEGINNING_MS + self.lock().at(Scale::Shown).div_euclid(1000))
    }

    fn wall(&self) -> Timestamp {
        self.now()
    }

    fn monotonic(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.lock().monotonic).unwrap_or(0))
    }

    fn sleep_until(&self, due: Timestamp) -> BoxFuture<'static, ()> {
        self.sleep(Scale::Shown, due.millis().saturating_sub(BEGINNING_MS).saturating_mul(1000))
    }

    fn pause(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let due = self.lock().monotonic.saturating_add(micros(duration));
        self.sleep(Scale::Monotonic, due)
    }
}

struct Sleep {
    clock: SimClock,
    scale: Scale,
    due: i64,
    place: Option<Place>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let clock = self.clock.clone();
        let mut state = clock.lock();
        if state.at(self.scale) >= self.due {
            if let Some(place) = self.place.take() {
                state.sleepers.remove(&place);
            }
            return Poll::Ready(());
        }
        let place = self.place.unwrap_or_else(|| {
            state.asked += 1;
            Place { scale: self.scale, due: self.due, asked: state.asked }
        });
        state.sleepers.insert(place, cx.waker().clone());
        self.place = Some(place);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let waker = self.place.and_then(|place| self.clock.lock().sleepers.remove(&place));
        // Not under the lock: the last waker of a task drops the task.
        drop(waker);
    }
}
