//! How long nothing has moved on a connection.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::serve::Edge;

pub(super) struct Idle {
    edge: Arc<Edge>,
    /// Milliseconds on the monotonic clock.
    moved_at: AtomicU64,
}

impl Idle {
    pub(super) fn new(edge: Arc<Edge>) -> Arc<Self> {
        let idle = Self { edge, moved_at: AtomicU64::new(0) };
        idle.moved();
        Arc::new(idle)
    }

    fn moved(&self) {
        let now = self.edge.clock().monotonic().as_millis();
        self.moved_at.store(u64::try_from(now).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Returns once nothing has moved for `limit`.
    pub(super) async fn run_out(&self, limit: Duration) {
        loop {
            let since = Duration::from_millis(self.moved_at.load(Ordering::Relaxed));
            let idle = self.edge.clock().monotonic().saturating_sub(since);
            match limit.checked_sub(idle).filter(|left| !left.is_zero()) {
                Some(left) => self.edge.clock().pause(left).await,
                None => return,
            }
        }
    }
}

/// A stream that tells when something moves on it.
pub(super) struct Watched<S> {
    stream: S,
    idle: Arc<Idle>,
}

impl<S> Watched<S> {
    pub(super) fn new(stream: S, idle: Arc<Idle>) -> Self {
        Self { stream, idle }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if read.is_ready() {
            self.idle.moved();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        if written.is_ready() {
            self.idle.moved();
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
