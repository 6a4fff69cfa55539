//! Reading a body within its bounds of size and time.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt;
use kernel::Clock;

use super::BodyError;
use crate::limits::{BODY_ROOM_BYTES, DISCARD_BYTES_MAX, DISCARD_TIME};

/// Reads a body whole. A declared length that is too much is refused before a byte is read, so that a client which waits
/// for `100 Continue` never sends it.
/// Errors: `TooLarge`; `TooSlow` when nothing comes for `patience`; `Broken`.
pub(crate) async fn read<B>(
    body: &mut B,
    bytes_max: usize,
    patience: Duration,
    clock: &dyn Clock,
) -> Result<Bytes, BodyError>
where
    B: Body<Data = Bytes> + Unpin,
{
    if body.size_hint().lower() > bytes_max as u64 {
        return Err(BodyError::TooLarge);
    }
    let Some(first) = next(body, patience, clock).await? else { return Ok(Bytes::new()) };
    if first.len() > bytes_max {
        return Err(BodyError::TooLarge);
    }
    if body.is_end_stream() {
        return Ok(first);
    }
    let declared = usize::try_from(body.size_hint().exact().unwrap_or(0)).unwrap_or(0);
    // What is declared is not yet there: a large body earns its room as it comes.
    let room = first.len().saturating_add(declared.min(BODY_ROOM_BYTES));
    let mut whole = BytesMut::with_capacity(room);
    whole.extend_from_slice(&first);
    while let Some(piece) = next(body, patience, clock).await? {
        if whole.len() + piece.len() > bytes_max {
            return Err(BodyError::TooLarge);
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

/// Reads on and forgets, so that a client which is still sending gets to read its refusal instead of a broken connection.
pub(crate) async fn discard<B>(body: &mut B, clock: &dyn Clock)
where
    B: Body<Data = Bytes> + Unpin,
{
    let rest = async {
        let mut left = DISCARD_BYTES_MAX;
        while let Ok(Some(piece)) = next(body, DISCARD_TIME, clock).await {
            match left.checked_sub(piece.len()) {
                Some(less) => left = less,
                None => return,
            }
        }
    };
    let _ = clock.timeout(DISCARD_TIME, rest).await;
}

/// The next piece of data; trailers of HTTP itself are passed over.
async fn next<B>(body: &mut B, patience: Duration, clock: &dyn Clock) -> Result<Option<Bytes>, BodyError>
where
    B: Body<Data = Bytes> + Unpin,
{
    loop {
        let frame = clock.timeout(patience, body.frame()).await.map_err(|_| BodyError::TooSlow)?;
        match frame {
            None => return Ok(None),
            Some(Err(_)) => return Err(BodyError::Broken),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}
