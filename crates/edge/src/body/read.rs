//! Reading a body within its bounds of size and time.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt;
use kernel::Clock;

use super::BodyError;
use super::room::{Room, Taken};
use crate::limits::{BODY_ROOM_BYTES, DISCARD_BYTES_MAX, DISCARD_TIME};

/// What a body may take: bytes, room beside others, time.
pub(crate) struct Bounds<'a> {
    pub(crate) bytes_max: usize,
    pub(crate) room: &'a Room,
    pub(crate) patience: Duration,
    pub(crate) clock: &'a dyn Clock,
}

/// Reads a body whole. A declared length that is too much is refused before a byte is read, so that a client which waits
/// for `100 Continue` never sends it.
/// Errors: `TooLarge`; `TooSlow` when nothing comes for `patience`; `NoRoom`; `Broken`.
pub(crate) async fn read<B>(body: &mut B, bounds: &Bounds<'_>) -> Result<(Bytes, Taken), BodyError>
where
    B: Body<Data = Bytes> + Unpin,
{
    let Bounds { bytes_max, room, patience, clock } = *bounds;
    let declared = body.size_hint().exact().map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
    if declared.is_some_and(|bytes| bytes > bytes_max) {
        return Err(BodyError::TooLarge);
    }
    let mut taken = room.take(declared.unwrap_or(0), patience, clock).await?;
    let Some(first) = next(body, patience, clock).await? else { return Ok((Bytes::new(), taken)) };
    if first.len() > bytes_max {
        return Err(BodyError::TooLarge);
    }
    if body.is_end_stream() {
        return Ok((first, taken));
    }
    // What is declared is not yet there: a large body earns its memory as it comes.
    let capacity = first.len().max(declared.unwrap_or(0).min(BODY_ROOM_BYTES));
    let mut whole = BytesMut::with_capacity(capacity);
    whole.extend_from_slice(&first);
    while let Some(piece) = next(body, patience, clock).await? {
        let length = whole.len() + piece.len();
        if length > bytes_max {
            return Err(BodyError::TooLarge);
        }
        if declared.is_none() && whole.len() <= BODY_ROOM_BYTES && length > BODY_ROOM_BYTES {
            taken = room.take(bytes_max, patience, clock).await?;
        }
        whole.extend_from_slice(&piece);
    }
    Ok((whole.freeze(), taken))
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
