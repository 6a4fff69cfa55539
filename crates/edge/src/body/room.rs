//! Room for larger bodies: one bound over all of them, so that many uploads at once wait instead of filling the memory.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use http_body::Body;
use kernel::Clock;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{BodyError, is_gzip};
use crate::limits::{BODIES_BYTES_MAX, BODY_ROOM_BYTES};

/// A permit is this many bytes.
const UNIT: usize = 64 * 1024;

pub(crate) struct Room(Arc<Semaphore>);

/// Taken room; dropping it gives it back.
pub(crate) struct Taken(#[expect(dead_code, reason = "held for its drop")] Option<OwnedSemaphorePermit>);

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(BODIES_BYTES_MAX / UNIT)))
    }
}

impl Room {
    /// Takes all the room that a body may come to need before any of it is read: whoever waits holds nothing.
    /// Errors: `NoRoom` after `patience`.
    pub(crate) async fn take<B: Body>(
        &self,
        headers: &HeaderMap,
        body: &B,
        bytes_max: usize,
        patience: Duration,
        clock: &dyn Clock,
    ) -> Result<Taken, BodyError> {
        let declared = body.size_hint().exact().and_then(|bytes| usize::try_from(bytes).ok());
        let needed = match declared {
            Some(0) => 0,
            Some(bytes) if !is_gzip(headers) => bytes,
            _ => bytes_max,
        };
        // What is too large is refused by whoever reads it.
        if needed <= BODY_ROOM_BYTES || needed > bytes_max {
            return Ok(Taken(None));
        }
        let units = u32::try_from(needed.div_ceil(UNIT)).map_err(|_| BodyError::NoRoom)?;
        let permit = clock.timeout(patience, self.0.clone().acquire_many_owned(units)).await;
        match permit {
            Ok(Ok(permit)) => Ok(Taken(Some(permit))),
            _ => Err(BodyError::NoRoom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http_body_util::Full;
    use kernel::RealClock;

    #[tokio::test]
    async fn larger_bodies_wait_their_turn_and_small_ones_do_not() {
        let (room, headers, clock) = (Room::default(), HeaderMap::new(), RealClock::default());
        let half = Full::new(Bytes::from(vec![0; 2 * 1024 * 1024]));
        let take = |body, max| room.take(&headers, body, max, Duration::from_millis(20), &clock);
        let mut held = Vec::new();
        while let Ok(taken) = take(&half, BODIES_BYTES_MAX).await {
            held.push(taken);
        }
        assert_eq!(held.len(), BODIES_BYTES_MAX / (2 * 1024 * 1024));
        let small = Full::new(Bytes::from_static(b"small"));
        assert!(take(&small, BODIES_BYTES_MAX).await.is_ok());
        held.pop();
        assert!(take(&half, BODIES_BYTES_MAX).await.is_ok());
    }
}
