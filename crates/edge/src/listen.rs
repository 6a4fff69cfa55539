//! One port for HTTP/1.1, HTTP/2 with prior knowledge and TLS, told apart by their first bytes.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use auth::access::Listener;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use kernel::BoxFuture;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;

use crate::eager::eagerly;
use crate::limits::{self, Patience};
use crate::outgoing::Outgoing;
use crate::peer::{Line, Socket};
use crate::proxy;
use crate::serve::Edge;

/// Where a request came in.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub access: Arc<Listener>,
    pub peer: SocketAddr,
    /// Our side of the connection.
    pub local: SocketAddr,
    /// Whether the listener is bound to loopback, whichever address the peer has found it by.
    pub on_loopback: bool,
    pub tls: bool,
    /// Inside of a tunnel that ends here.
    pub tunnelled: bool,
    /// The connection itself, for as long as it is there.
    pub line: Weak<Line>,
}

/// A listener at work. Dropping it stops accepting and lets work in flight end by itself, bounded by [`Patience::stop`].
#[derive(Debug)]
pub struct Listening {
    address: SocketAddr,
    stop: watch::Sender<bool>,
}

impl Listening {
    /// The bound address: with the port that the system chose, where port 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops accepting and waits for the requests in flight, at most [`Patience::stop`]; what is then left is cut.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        // Every task of the listener holds a receiver: none left is all ended.
        self.stop.closed().await;
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

pub(crate) async fn listen(
    edge: Arc<Edge>,
    address: SocketAddr,
    access: Listener,
    tls_only: bool,
) -> io::Result<Listening> {
    on(edge, TcpListener::bind(address).await?, access, tls_only)
}

/// Serves a port that is bound already.
pub(crate) fn on(edge: Arc<Edge>, listener: TcpListener, access: Listener, tls_only: bool) -> io::Result<Listening> {
    let local = listener.local_addr()?;
    let (stop, stopped) = watch::channel(false);
    let connections = match access {
        Listener::Sandbox { .. } => limits::SANDBOX_CONNECTIONS_MAX,
        Listener::Open | Listener::Strict => limits::CONNECTIONS_MAX,
    };
    let acceptor = Acceptor {
        http: Arc::new(http(edge.patience())),
        tls: edge.tls().map(TlsAcceptor::from),
        edge,
        access: Arc::new(access),
        on_loopback: local.ip().is_loopback(),
        tls_only,
        slots: Arc::new(Semaphore::new(connections)),
        stopped,
    };
    tokio::spawn(acceptor.run(listener));
    Ok(Listening { address: local, stop })
}

fn http(patience: Patience) -> auto::Builder<TokioExecutor> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.head)
        .half_close(true)
        .max_buf_size(limits::HEAD_BYTES_MAX);
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits::STREAMS_MAX)
        .max_header_list_size(u32::try_from(limits::HEAD_BYTES_MAX).unwrap_or(u32::MAX))
        .adaptive_window(true)
        .keep_alive_interval(patience.head)
        .keep_alive_timeout(patience.body);
    http
}

struct Acceptor {
    edge: Arc<Edge>,
    http: Arc<auto::Builder<TokioExecutor>>,
    tls: Option<TlsAcceptor>,
    access: Arc<Listener>,
    on_loopback: bool,
    tls_only: bool,
    slots: Arc<Semaphore>,
    stopped: watch::Receiver<bool>,
}

impl Acceptor {
    async fn run(self, listener: TcpListener) {
        let mut stopped = self.stopped.clone();
        loop {
            let next = async {
                let slot = self.slots.clone().acquire_owned().await;
                (slot, listener.accept().await)
            };
            let (slot, accepted) = tokio::select! {
                biased;
                () = until_stopped(&mut stopped) => return,
                next = next => next,
            };
            match accepted {
                Ok((stream, peer)) => {
                    // Asked of the stream: a listener on every address has none of its own.
                    let Ok(local) = stream.local_addr() else { continue };
                    let connection = self.connection(peer, local);
                    tokio::spawn(async move {
                        connection.run(stream).await;
                        drop(slot);
                    });
                }
                Err(error) => {
                    // Of one connection (reset before we took it), or of all (no descriptors left): the latter passes.
                    tracing::info!(%error, "cannot accept a connection");
                    self.edge.clock().pause(limits::ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn connection(&self, peer: SocketAddr, local: SocketAddr) -> Connection {
        let (access, on_loopback) = (self.access.clone(), self.on_loopback);
        let arrival = Arrival { access, peer, local, on_loopback, tls: false, tunnelled: false, line: Weak::new() };
        Connection {
            edge: self.edge.clone(),
            http: self.http.clone(),
            tls: self.tls.clone(),
            tls_only: self.tls_only,
            arrival,
            stopped: self.stopped.clone(),
        }
    }
}

async fn until_stopped(stopped: &mut watch::Receiver<bool>) {
    // An error says that the guard is gone, which has said so before.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// One connection, and what is needed to speak on it.
#[derive(Clone)]
pub(crate) struct Connection {
    pub(crate) edge: Arc<Edge>,
    http: Arc<auto::Builder<TokioExecutor>>,
    tls: Option<TlsAcceptor>,
    tls_only: bool,
    pub(crate) arrival: Arrival,
    stopped: watch::Receiver<bool>,
}

/// The first byte of a TLS record with a handshake message.
const TLS_HANDSHAKE: u8 = 0x16;

impl Connection {
    /// The same, for what comes inside of a tunnel that ends here: what may travel in the clear was decided outside.
    pub(crate) fn within_tunnel(&self) -> Self {
        let arrival = Arrival { tunnelled: true, ..self.arrival.clone() };
        Self { tls_only: false, arrival, ..self.clone() }
    }

    pub(crate) async fn until_stopped(&self) {
        until_stopped(&mut self.stopped.clone()).await;
    }

    async fn run(mut self, stream: TcpStream) {
        // Small answers leave at once; a failure means that the peer is gone, which the first read will say.
        let _ = stream.set_nodelay(true);
        let mut first = [0_u8; 1];
        let peeked = tokio::select! {
            peeked = self.edge.clock().timeout(self.edge.patience().head, stream.peek(&mut first)) => peeked,
            () = self.until_stopped() => return,
        };
        if !matches!(peeked, Ok(Ok(1))) {
            return;
        }
        if self.tls_only && first != [TLS_HANDSHAKE] {
            return refuse_plain(stream).await;
        }
        let socket = Socket::new(stream, self.edge.clock_of_its_own());
        self.arrival.line = socket.line();
        self.speak(socket, first[0]).await;
    }

    /// The same for a stream that cannot be peeked at. Boxed, because what is spoken inside of a tunnel is what is spoken
    /// outside.
    pub(crate) fn run_tunnelled<S>(self, stream: S) -> BoxFuture<'static, ()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        Box::pin(async move {
            let mut stream = BufReader::new(stream);
            let first = tokio::select! {
                filled = self.edge.clock().timeout(self.edge.patience().head, stream.fill_buf()) => match filled {
                    Ok(Ok([first, ..])) => *first,
                    _ => return,
                },
                () = self.until_stopped() => return,
            };
            self.speak(stream, first).await;
        })
    }

    /// TLS or HTTP, by the first byte.
    async fn speak<S>(mut self, stream: S, first: u8)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        if first != TLS_HANDSHAKE {
            return self.http(stream).await;
        }
        let Some(tls) = self.tls.clone() else {
            tracing::info!(peer = %self.arrival.peer, "a TLS client on a listener without TLS");
            return;
        };
        let accepted = tokio::select! {
            accepted = self.edge.clock().timeout(self.edge.patience().handshake, tls.accept(stream)) => accepted,
            () = self.until_stopped() => return,
        };
        match accepted {
            Ok(Ok(stream)) => {
                self.arrival.tls = true;
                self.http(stream).await;
            }
            Ok(Err(error)) => tracing::info!(%error, peer = %self.arrival.peer, "the TLS handshake failed"),
            Err(_) => tracing::info!(peer = %self.arrival.peer, "the TLS handshake took too long"),
        }
    }

    async fn answer(self: Arc<Self>, mut request: http::Request<Incoming>) -> http::Response<Outgoing> {
        if proxy::is_asked(&self, &request) {
            return proxy::answer(self, request).await;
        }
        proxy::forget(request.headers_mut());
        self.edge.serve(request, self.arrival.clone()).await
    }

    async fn http<S>(self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let this = Arc::new(self);
        let clock = this.edge.clock();
        let patience = this.edge.patience();
        let activity = Arc::new(Activity::default());
        let service = service_fn(|request: http::Request<Incoming>| {
            let busy = activity.begin();
            let this = this.clone();
            async move {
                let edge = this.edge.clone();
                let answer = this.answer(request).await;
                busy.end(edge.clock().monotonic());
                Ok::<_, std::convert::Infallible>(answer)
            }
        });
        let mut connection = pin!(this.http.serve_connection_with_upgrades(TokioIo::new(stream), service));
        let mut idle_for = patience.head;
        let mut stopping = false;
        loop {
            // HTTP/1.1 keeps its own time for heads; this one is for what comes before (which protocol is it?) and HTTP/2.
            let wait = clock.pause(if stopping { patience.stop } else { idle_for });
            tokio::select! {
                ended = eagerly(connection.as_mut()) => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, peer = %this.arrival.peer, "the connection broke");
                    }
                    return;
                }
                () = this.until_stopped(), if !stopping => {
                    if activity.is_fresh() {
                        return;
                    }
                    connection.as_mut().graceful_shutdown();
                    stopping = true;
                }
                () = wait => {
                    if stopping || activity.is_fresh() {
                        return;
                    }
                    match activity.idle_left(clock.monotonic(), patience.head) {
                        Some(left) => idle_for = left,
                        None => {
                            connection.as_mut().graceful_shutdown();
                            stopping = true;
                        }
                    }
                }
            }
        }
    }
}

/// Off loopback keys and answers do not travel in the clear; whoever tries is told.
async fn refuse_plain(mut stream: TcpStream) {
    let text = "this listener takes TLS only\n";
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
        text.len()
    );
    // Its head lies unread; that the answer may not get through is the client's loss alone.
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// Whether a connection has anything to do, and since when not.
#[derive(Debug, Default)]
struct Activity {
    begun: AtomicBool,
    in_flight: AtomicUsize,
    /// Milliseconds on the monotonic clock.
    last_end: AtomicU64,
}

impl Activity {
    fn begin(self: &Arc<Self>) -> Busy {
        self.begun.store(true, Ordering::Relaxed);
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Busy(self.clone())
    }

    /// No request has begun yet.
    fn is_fresh(&self) -> bool {
        !self.begun.load(Ordering::Relaxed)
    }

    /// What is left of `limit`; `None` when it has been idle for that long.
    fn idle_left(&self, now: Duration, limit: Duration) -> Option<Duration> {
        if self.in_flight.load(Ordering::Relaxed) > 0 {
            return Some(limit);
        }
        let since = Duration::from_millis(self.last_end.load(Ordering::Relaxed));
        limit.checked_sub(now.saturating_sub(since)).filter(|left| !left.is_zero())
    }
}

struct Busy(Arc<Activity>);

impl Busy {
    fn end(&self, now: Duration) {
        self.0.last_end.store(u64::try_from(now.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
