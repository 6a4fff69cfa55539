//! One runtime process as the server sees it: its pipes, its HTTP listener, its warden, and the state between them.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::Arc;

use bytes::{Buf, Bytes, BytesMut};
use kernel::Clock;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

use super::journal::Journal;
use crate::logs::{Frames, Lines};
use crate::meter;
use crate::rapi::{Call, Decoder, Effect, Event, HttpCall, Refusal, RuntimeApi, encode_event, serve};
use crate::resolver::{self, Names};
use crate::response_stream::ResponseStream;
use crate::sandbox::{Exit, Injected, PLATFORM, Pipes, Report, Sandbox};

const CALLS_WAITING_MAX: usize = 16;
/// Room that a read has at least.
const READ_BYTES: usize = 4096;
const PIPE_PIECES_MAX: usize = 64;

/// What a process did.
#[derive(Debug)]
pub enum Sign {
    Started,
    /// Its own network is there, with listeners that wait to be served.
    Listening(Injected),
    /// It was to have a world of its own and there is none to be had: nothing was started.
    NoWorld(String),
    Said(Effect),
    Exited(Exit),
    NotExecutable {
        errno: i32,
    },
    /// It broke the channel's protocol, or its warden is gone: only ending it is left.
    Lost,
    /// It wrote to its log, or did something else that changes nothing.
    Wrote,
}

pub struct Process {
    sandbox: Sandbox,
    events: pipe::Sender,
    answers: Option<pipe::Receiver>,
    decoder: Decoder,
    output: Output,
    http: mpsc::Receiver<HttpCall>,
    calls: mpsc::Sender<HttpCall>,
    /// What serves the process over its own and the host's sockets.
    servers: Vec<AbortOnDrop>,
    /// A `next` that came over HTTP and waits for an event.
    parked: Option<oneshot::Sender<Result<Event, Refusal>>>,
    /// An event whose asker had hung up: for the next one that asks.
    undelivered: Option<Event>,
    /// Where the answer to the event goes that was begun last.
    stream: Option<ResponseStream>,
    api: RuntimeApi,
    outgoing: VecDeque<Bytes>,
    /// Length of the frame of the event that was begun last.
    event_bytes: usize,
    /// The runtime has closed its end of `events`.
    is_closed: bool,
    pid: Option<u32>,
    peak_mb_at_exit: u32,
}

struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Binds the listener of one process's Runtime API.
pub async fn bind() -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

impl Process {
    /// `listener`: the Runtime API's on the host; one in the process's own network comes later.
    pub fn new(sandbox: Sandbox, pipes: Pipes, listener: Option<TcpListener>) -> Self {
        let (calls, http) = mpsc::channel(CALLS_WAITING_MAX);
        let mut process = Self {
            sandbox,
            events: pipes.events,
            answers: Some(pipes.answers),
            decoder: Decoder::default(),
            output: Output::new(pipes.telemetry, pipes.stdout, pipes.stderr),
            http,
            calls,
            servers: Vec::new(),
            parked: None,
            undelivered: None,
            stream: None,
            api: RuntimeApi::default(),
            outgoing: VecDeque::new(),
            event_bytes: 0,
            is_closed: false,
            pid: None,
            peak_mb_at_exit: 0,
        };
        if let Some(listener) = listener {
            process.serve_runtime_api(listener);
        }
        process
    }

    fn serve_runtime_api(&mut self, listener: TcpListener) {
        let server = tokio::spawn(serve(listener, self.calls.clone()));
        self.servers.push(AbortOnDrop(server.abort_handle()));
    }

    /// Serves its network, without the AWS APIs, which are answered.
    pub fn serve_network(
        &mut self,
        injected: Injected,
        own_names: Arc<[String]>,
    ) -> io::Result<Vec<std::net::TcpListener>> {
        let Injected { runtime_api, names, names_by_stream, apis } = injected;
        self.serve_runtime_api(TcpListener::from_std(runtime_api)?);
        let (datagrams, by_stream) = (UdpSocket::from_std(names)?, TcpListener::from_std(names_by_stream)?);
        let names = Names { platform: PLATFORM, own: own_names };
        let resolver = tokio::spawn(resolver::serve(datagrams, by_stream, names));
        self.servers.push(AbortOnDrop(resolver.abort_handle()));
        Ok(apis)
    }

    /// Hands an event to the waiting runtime, on the way by which it asked.
    pub fn begin(&mut self, id: &str, event: Event, stream: Option<ResponseStream>) {
        self.api.begin(id);
        self.stream = stream;
        match self.parked.take() {
            Some(next) => self.undelivered = next.send(Ok(event)).err().and_then(Result::ok),
            None => {
                self.outgoing.extend(encode_event(&event.0, &event.1));
                self.event_bytes = self.outgoing.iter().map(Buf::remaining).sum();
            }
        }
        self.write_some();
    }

    /// Whether no byte of the event was read: the runtime exited while it was idle, and nobody has seen the event.
    pub fn is_event_unread(&self) -> bool {
        let unsent: usize = self.outgoing.iter().map(Buf::remaining).sum();
        let unread = rustix::io::ioctl_fionread(&self.events).ok().and_then(|bytes| usize::try_from(bytes).ok());
        self.event_bytes > 0 && unread.is_some_and(|unread| unread + unsent == self.event_bytes)
    }

    /// The most memory it and its descendants have held so far.
    pub fn peak_mb(&self) -> u32 {
        self.pid.map(meter::peak_memory_mb).unwrap_or(0).max(self.peak_mb_at_exit)
    }

    /// The next thing it does. Cancel safe.
    pub async fn sign(&mut self, journal: &mut Journal) -> Sign {
        match self.decoder.next_call() {
            Ok(Some(call)) => return self.said(call),
            Ok(None) => {}
            Err(_) => return Sign::Lost,
        }
        tokio::select! {
            read = read(&mut self.answers, self.decoder.buffer()) => {
                if !read {
                    self.answers = None;
                }
                match self.decoder.next_call() {
                    Ok(Some(call)) => self.said(call),
                    Ok(None) => Sign::Wrote,
                    Err(_) => Sign::Lost,
                }
            }
            Some(call) = self.http.recv() => self.http_call(call),
            () = self.output.read(journal) => Sign::Wrote,
            report = self.sandbox.report() => self.heard(report),
            Ok(()) = self.events.writable(), if !self.outgoing.is_empty() && !self.is_closed => {
                self.write_some();
                Sign::Wrote
            }
        }
    }

    fn said(&mut self, call: Call) -> Sign {
        // The private channel has no answers: a refused call is a broken client.
        self.api.call(call).map_or(Sign::Lost, |effect| self.done(effect))
    }

    /// Whoever reads an answer piece by piece sees its end when it is over.
    fn done(&mut self, effect: Effect) -> Sign {
        if matches!(effect, Effect::Answered(_) | Effect::Failed(_)) {
            self.stream = None;
        }
        Sign::Said(effect)
    }

    fn http_call(&mut self, call: HttpCall) -> Sign {
        match call {
            HttpCall::Next(reply) if self.undelivered.is_some() => {
                self.undelivered = self.undelivered.take().and_then(|event| reply.send(Ok(event)).err()?.ok());
                Sign::Wrote
            }
            HttpCall::Next(reply) => match self.api.call(Call::Next) {
                Ok(effect) => {
                    self.parked = Some(reply);
                    Sign::Said(effect)
                }
                Err(refusal) => {
                    let _ = reply.send(Err(refusal));
                    Sign::Wrote
                }
            },
            HttpCall::Stream { id, reply } => {
                let begun = self.api.stream(&id);
                let _ = reply.send(begun.map(|()| self.stream.take()));
                Sign::Wrote
            }
            HttpCall::Post(call, reply) => {
                let outcome = self.api.call(call);
                let (answer, sign) = match outcome {
                    Ok(effect) => (Ok(()), self.done(effect)),
                    Err(refusal) => (Err(refusal), Sign::Wrote),
                };
                let _ = reply.send(answer);
                sign
            }
        }
    }

    fn heard(&mut self, report: Option<Report>) -> Sign {
        match report {
            Some(Report::Started { pid }) => {
                self.pid = Some(pid);
                Sign::Started
            }
            Some(Report::Listening) => self.sandbox.listeners().map_or(Sign::Lost, Sign::Listening),
            Some(Report::NoWorld { step, error, .. }) => {
                Sign::NoWorld(format!("no world of its own ({step:?}): {error}"))
            }
            Some(Report::Exited { exit, peak_kilobytes }) => {
                self.peak_mb_at_exit = u32::try_from(peak_kilobytes.div_ceil(1024)).unwrap_or(u32::MAX);
                self.pid = None;
                Sign::Exited(exit)
            }
            Some(Report::NotExecutable { errno }) => Sign::NotExecutable { errno },
            None => Sign::Lost,
        }
    }

    fn write_some(&mut self) {
        while let Some(part) = self.outgoing.front_mut() {
            if part.is_empty() {
                self.outgoing.pop_front();
                continue;
            }
            match self.events.try_write(part) {
                Ok(size) => part.advance(size),
                // Full: `sign` goes on when there is room. Closed: the warden tells of the exit.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => {
                    self.is_closed = true;
                    return;
                }
            }
        }
    }

    /// Takes everything that it has written until now.
    pub fn drain(&mut self, journal: &mut Journal) {
        self.output.drain(journal);
    }

    /// Ends it and all that came of it, and takes what they still wrote.
    pub async fn end(self, journal: &mut Journal, clock: &dyn Clock) {
        let Self { sandbox, mut output, servers, .. } = self;
        drop(servers);
        sandbox.end(clock).await;
        output.finish(journal);
    }
}

async fn read(from: &mut Option<pipe::Receiver>, into: &mut BytesMut) -> bool {
    match from {
        Some(pipe) => {
            into.reserve(READ_BYTES);
            matches!(pipe.read_buf(into).await, Ok(size) if size > 0)
        }
        None => std::future::pending().await,
    }
}

/// The three ways by which a process writes to its log.
struct Output {
    telemetry: Option<pipe::Receiver>,
    stdout: Option<pipe::Receiver>,
    stderr: Option<pipe::Receiver>,
    frames: Frames,
    stdout_lines: Lines,
    stderr_lines: Lines,
}

impl Output {
    fn new(telemetry: pipe::Receiver, stdout: pipe::Receiver, stderr: pipe::Receiver) -> Self {
        Self {
            telemetry: Some(telemetry),
            stdout: Some(stdout),
            stderr: Some(stderr),
            frames: Frames::default(),
            stdout_lines: Lines::default(),
            stderr_lines: Lines::default(),
        }
    }

    /// Waits for output and writes it down. Cancel safe.
    async fn read(&mut self, journal: &mut Journal) {
        tokio::select! {
            read = read(&mut self.telemetry, &mut self.frames.buffer) => if !read { self.telemetry = None },
            read = read(&mut self.stdout, &mut self.stdout_lines.buffer) => if !read { self.stdout = None },
            read = read(&mut self.stderr, &mut self.stderr_lines.buffer) => if !read { self.stderr = None },
        }
        self.write_down(journal);
        journal.flush();
    }

    fn write_down(&mut self, journal: &mut Journal) {
        while let Some(message) = self.frames.next_message() {
            journal.written(message);
        }
        while let Some(line) = self.stdout_lines.next_line() {
            journal.written(line);
        }
        while let Some(line) = self.stderr_lines.next_line() {
            journal.written(line);
        }
    }

    /// What lies in the pipes now. Reads past tokio, whose view of them may be older than the answer that was just read.
    fn drain(&mut self, journal: &mut Journal) {
        let pipes = [
            (&self.telemetry, &mut self.frames.buffer),
            (&self.stdout, &mut self.stdout_lines.buffer),
            (&self.stderr, &mut self.stderr_lines.buffer),
        ];
        for (pipe, buffer) in pipes {
            let Some(pipe) = pipe else { continue };
            let mut piece = [0; 4096];
            // At most what a pipe can hold: a writer that never stops must not keep the answer back.
            for _ in 0..PIPE_PIECES_MAX {
                match rustix::io::read(pipe.as_fd(), &mut piece) {
                    Ok(size) if size > 0 => buffer.extend_from_slice(&piece[..size]),
                    _ => break,
                }
            }
        }
        self.write_down(journal);
    }

    fn finish(&mut self, journal: &mut Journal) {
        self.drain(journal);
        for rest in [self.stdout_lines.rest(), self.stderr_lines.rest()].into_iter().flatten() {
            journal.written(rest);
        }
    }
}
