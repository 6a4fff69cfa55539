#![allow(clippy::disallowed_methods)] // The one place where the real clock is read.

use std::future::Future;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;

use crate::{BoxFuture, Timestamp};

/// The two clocks of the platform.
///
/// `now` is the time of *due things* (retries, event age, retention, expiry): a virtual clock moves it.
/// `wall` is the time of *records* (signature skew, log timestamps): nothing moves it.
pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> Timestamp;

    fn wall(&self) -> Timestamp;

    /// Time since the clock was made; only ever grows. For durations that are measured or limited for real.
    fn monotonic(&self) -> Duration;

    /// Returns once `now() >= due`.
    fn sleep_until(&self, due: Timestamp) -> BoxFuture<'static, ()>;

    /// Returns after `duration` of real time.
    fn pause(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

#[derive(Debug, thiserror::Error, PartialEq)]
#[error("the time limit ran out")]
pub struct TimedOut;

impl dyn Clock {
    /// Waits for `future`, at most `limit` of real time.
    pub async fn timeout<F: Future>(&self, limit: Duration, future: F) -> Result<F::Output, TimedOut> {
        tokio::select! {
            biased;
            output = future => Ok(output),
            () = self.pause(limit) => Err(TimedOut),
        }
    }
}

fn system_now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

/// The system's clock.
#[derive(Debug)]
pub struct RealClock {
    started: Instant,
}

impl Default for RealClock {
    fn default() -> Self {
        Self { started: Instant::now() }
    }
}

impl Clock for RealClock {
    fn now(&self) -> Timestamp {
        system_now()
    }

    fn wall(&self) -> Timestamp {
        system_now()
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }

    fn sleep_until(&self, due: Timestamp) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            loop {
                let left = due.since(system_now());
                if left.is_zero() {
                    return;
                }
                tokio::time::sleep(left).await;
            }
        })
    }
}

/// The system's clock, and an offset that `advance` adds to: due times come early, everything else stays real.
pub struct VirtualClock {
    real: RealClock,
    offset_ms: AtomicI64,
    advanced: watch::Sender<i64>,
}

impl Default for VirtualClock {
    fn default() -> Self {
        Self { real: RealClock::default(), offset_ms: AtomicI64::new(0), advanced: watch::channel(0).0 }
    }
}

impl VirtualClock {
    /// Moves `now` forward and wakes every sleeper that is then due. Answers the new `now`.
    pub fn advance(&self, by: Duration) -> Timestamp {
        let by_ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        let offset = self.offset_ms.fetch_add(by_ms, Ordering::SeqCst).saturating_add(by_ms);
        self.advanced.send_replace(offset);
        self.now()
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(system_now().millis().saturating_add(self.offset_ms.load(Ordering::SeqCst)))
    }

    fn wall(&self) -> Timestamp {
        system_now()
    }

    fn monotonic(&self) -> Duration {
        self.real.monotonic()
    }

    fn sleep_until(&self, due: Timestamp) -> BoxFuture<'static, ()> {
        let mut advanced = self.advanced.subscribe();
        Box::pin(async move {
            loop {
                let offset = *advanced.borrow_and_update();
                let now = Timestamp::from_millis(system_now().millis().saturating_add(offset));
                let left = due.since(now);
                if left.is_zero() {
                    return;
                }
                tokio::select! {
                    biased;
                    () = tokio::time::sleep(left) => {}
                    changed = advanced.changed() => if changed.is_err() {
                        // The clock is gone, and with it whoever could advance it.
                        tokio::time::sleep(left).await;
                    }
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[tokio::test]
    async fn advancing_wakes_a_sleeper_an_hour_early() {
        let clock = Arc::new(VirtualClock::default());
        let due = clock.now() + Duration::from_secs(3600);
        let sleeper = tokio::spawn(clock.sleep_until(due));
        clock.advance(Duration::from_secs(3600));
        sleeper.await.unwrap();
        assert!(clock.now() >= due);
        assert!(clock.wall() < due);
    }
}
