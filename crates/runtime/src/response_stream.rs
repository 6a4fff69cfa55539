//! An answer on its way while the function still writes it.

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::limits::STREAM_PIECES_WAITING_MAX;

/// Where the pieces of an answer go. A caller that reads slowly slows the function down; one that has gone is not missed.
#[derive(Clone, Debug)]
pub struct ResponseStream(mpsc::Sender<Piece>);

/// A part of an answer that comes piece by piece. How the invocation ended is told by its outcome, after the last one.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// The first: the runtime has begun to answer.
    Began { content_type: String },
    /// As the runtime wrote it.
    Bytes(Bytes),
}

impl ResponseStream {
    pub fn new() -> (Self, mpsc::Receiver<Piece>) {
        let (sender, pieces) = mpsc::channel(STREAM_PIECES_WAITING_MAX);
        (Self(sender), pieces)
    }

    /// Hands a piece over, when there is room for it.
    pub async fn write(&self, piece: Piece) {
        // A caller that has gone: on AWS, too, the function goes on.
        let _ = self.0.send(piece).await;
    }
}
