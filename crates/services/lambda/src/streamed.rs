//! A function that is running while its answer is read.

use std::sync::Arc;

use runtime::{FunctionSpec, Invocation, Outcome, Piece, ResponseStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::admission::Admitted;
use crate::error::Error;
use crate::service::Shared;

/// An answer that comes piece by piece. Dropping it does not stop the function.
pub struct Streamed {
    pieces: mpsc::Receiver<Piece>,
    running: JoinHandle<Outcome>,
    ended: Option<Outcome>,
}

/// What comes next of an answer.
pub enum Next {
    Piece(Piece),
    /// The last: how the invocation ended.
    End(Box<Outcome>),
}

impl Shared {
    /// Runs a function whose answer is wanted piece by piece. Its room is held until it has ended.
    pub fn run_streamed(&self, spec: Arc<FunctionSpec>, invocation: Invocation, admitted: Admitted) -> Streamed {
        let engine = self.engine.clone();
        let (stream, pieces) = ResponseStream::new();
        let invocation = Invocation { stream: Some(stream), ..invocation };
        let running = tokio::spawn(async move {
            let outcome = engine.invoke(spec, invocation).await;
            admitted.ended(&outcome);
            outcome
        });
        Streamed { pieces, running, ended: None }
    }
}

impl Streamed {
    /// Not to be called again after [`Next::End`].
    pub async fn next(&mut self) -> Result<Next, Error> {
        if self.ended.is_none() {
            tokio::select! {
                // What was written before the end is read before the end.
                biased;
                Some(piece) = self.pieces.recv() => return Ok(Next::Piece(piece)),
                outcome = &mut self.running => {
                    let outcome = outcome.map_err(|error| Error::Internal(format!("running a function: {error}")))?;
                    self.ended = Some(outcome);
                }
            }
        }
        if let Ok(piece) = self.pieces.try_recv() {
            return Ok(Next::Piece(piece));
        }
        let ended = self.ended.take().ok_or_else(|| Error::Internal("the answer has ended".to_owned()))?;
        Ok(Next::End(Box::new(ended)))
    }
}
