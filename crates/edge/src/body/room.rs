//! Room for larger bodies: one bound over all of them, so that many uploads at once wait instead of filling the memory.

use std::sync::Arc;
use std::time::Duration;

use kernel::Clock;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::BodyError;
use crate::limits::{BODIES_BYTES_MAX, BODY_ROOM_BYTES};

/// A permit is this many bytes.
const UNIT: usize = 64 * 1024;

pub(crate) struct Room(Arc<Semaphore>);

/// Taken room; dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Taken {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Taken {
    pub(crate) const NONE: Self = Self { _permit: None };
}

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(BODIES_BYTES_MAX / UNIT)))
    }
}

impl Room {
    /// Takes at once all the room that a body may come to need: nobody waits for more while holding some. What is small
    /// needs none.
    /// Errors: `NoRoom` after `patience`.
    pub(crate) async fn take(&self, bytes: usize, patience: Duration, clock: &dyn Clock) -> Result<Taken, BodyError> {
        if bytes <= BODY_ROOM_BYTES {
            return Ok(Taken::NONE);
        }
        let units = u32::try_from(bytes.div_ceil(UNIT)).map_err(|_| BodyError::NoRoom)?;
        match clock.timeout(patience, self.0.clone().acquire_many_owned(units)).await {
            Ok(Ok(permit)) => Ok(Taken { _permit: Some(permit) }),
            _ => Err(BodyError::NoRoom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::RealClock;

    #[tokio::test]
    async fn larger_bodies_wait_their_turn_and_small_ones_do_not() {
        let (room, clock) = (Room::default(), RealClock::default());
        let take = |bytes| room.take(bytes, Duration::from_millis(20), &clock);
        let half = BODIES_BYTES_MAX / 2;
        let held = (take(half).await.unwrap(), take(half).await.unwrap());
        assert_eq!(take(half).await.unwrap_err(), BodyError::NoRoom);
        take(BODY_ROOM_BYTES).await.unwrap();
        drop(held.0);
        take(half).await.unwrap();
    }
}
