//! Whether the client of a request is still there. Only who waits long asks; nobody else pays for it.
//!
//! A client that is gone and one that has only said all it has to say look the same: their side of the connection has
//! ended. The latter still reads, so it is told `100 Continue`, which every client of HTTP/1.1 passes over (RFC 9110, 15.2);
//! the system of one that is gone answers with a reset. Proxies that hand on the end of one side alone (Docker's is one) learn
//! from the first such answer that their client is gone, from the second that they have nobody to serve, and reset the third.

use std::fmt;
use std::io::{self, ErrorKind, IoSlice};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};

use http::Version;
use kernel::{BoxFuture, Clock, Peer};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::limits::ASK_AGAIN;
use crate::serve::Exchange;

const STILL_HERE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// A connection that can be asked after while another reads and writes it.
pub(crate) struct Line {
    stream: TcpStream,
    clock: Arc<dyn Clock>,
    /// A part of an answer is not written yet: nothing may come between.
    stuck: AtomicBool,
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.stream.fmt(f)
    }
}

impl Line {
    /// The peer sends no more: it has said so, or the connection was reset.
    async fn ended(&self) {
        // Of all interests this one alone is not met by bytes that lie unread.
        match self.stream.ready(Interest::PRIORITY).await {
            Ok(ready) if !ready.is_read_closed() => std::future::pending().await,
            Ok(_) | Err(_) => {}
        }
    }

    async fn reset(&self) {
        // An error says that the runtime ends.
        let _ = self.stream.ready(Interest::ERROR).await;
    }

    /// Nobody reads any more.
    async fn deserted(&self) {
        let clock: &dyn Clock = &*self.clock;
        for pause in ASK_AGAIN {
            if !self.ask() || clock.timeout(pause, self.reset()).await.is_ok() {
                return;
            }
        }
        self.reset().await;
    }

    /// Makes the peer's system say that nobody reads. Answers whether somebody may.
    fn ask(&self) -> bool {
        self.stuck.load(Ordering::Acquire)
            || match self.stream.try_write(STILL_HERE) {
                Ok(_) => true,
                Err(error) => error.kind() == ErrorKind::WouldBlock,
            }
    }
}

/// The same as it is read and written.
pub(crate) struct Socket(Arc<Line>);

impl Socket {
    pub(crate) fn new(stream: TcpStream, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Line { stream, clock, stuck: AtomicBool::new(false) }))
    }

    pub(crate) fn line(&self) -> Weak<Line> {
        Arc::downgrade(&self.0)
    }

    fn poll_written(
        &self,
        cx: &mut Context<'_>,
        bytes: usize,
        write: impl Fn(&TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let Line { stream, stuck, .. } = &*self.0;
        loop {
            match write(stream) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    stuck.store(true, Ordering::Release);
                    ready!(stream.poll_write_ready(cx))?;
                }
                written => {
                    stuck.store(written.as_ref().is_ok_and(|written| *written < bytes), Ordering::Release);
                    return Poll::Ready(written);
                }
            }
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let stream = &self.0.stream;
        loop {
            ready!(stream.poll_read_ready(cx))?;
            match read(stream, buf) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done),
            }
        }
    }
}

/// Reads once. Less than there was room for was all: that is noted as a read that would block, and the next one waits without
/// asking the system, as tokio's own does.
fn read(stream: &TcpStream, buf: &mut ReadBuf<'_>) -> io::Result<()> {
    let (room, mut read) = (buf.remaining(), None);
    let outcome = stream.try_io(Interest::READABLE, || {
        let bytes = stream.try_read_buf(buf)?;
        read = Some(bytes);
        if (1..room).contains(&bytes) { Err(ErrorKind::WouldBlock.into()) } else { Ok(()) }
    });
    read.map_or(outcome, |_| Ok(()))
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_written(cx, bytes.len(), |stream| stream.try_write(bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let bytes = slices.iter().map(|slice| slice.len()).sum();
        self.poll_written(cx, bytes, |stream| stream.try_write_vectored(slices))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let same = self.0.stream.as_fd().try_clone_to_owned().map(std::net::TcpStream::from);
        Poll::Ready(same.and_then(|stream| stream.shutdown(Shutdown::Write)))
    }
}

/// Whether anybody still works on an exchange's answer.
#[derive(Debug, Default)]
pub(crate) struct Attendance {
    over: AtomicBool,
    told: Notify,
}

impl Attendance {
    async fn over(&self) {
        let told = self.told.notified();
        if !self.over.load(Ordering::Acquire) {
            told.await;
        }
    }
}

/// Held by whoever will write the answer: HTTP/2 drops it with the stream, a listener that stops with its connections.
pub(crate) struct Attended(pub Arc<Exchange>);

impl Drop for Attended {
    fn drop(&mut self) {
        self.0.attendance.over.store(true, Ordering::Release);
        self.0.attendance.told.notify_waiters();
    }
}

impl Peer for Exchange {
    fn gone(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            tokio::select! {
                biased;
                () = self.attendance.over() => {}
                () = self.hung_up() => {}
            }
        })
    }
}

impl Exchange {
    async fn hung_up(&self) {
        if self.parts.version == Version::HTTP_2 {
            // Its connection is read all the time.
            return std::future::pending().await;
        }
        let Some(line) = self.arrival.line.upgrade() else { return };
        line.ended().await;
        let may_be_asked = self.parts.version == Version::HTTP_11 && !self.arrival.tls && !self.arrival.tunnelled;
        if may_be_asked {
            line.deserted().await;
        }
    }
}
