//! The course of an environment: initialization, one event after another, its end.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use kernel::id;
use tokio::sync::{mpsc, oneshot, watch};

use super::errors::{Entrypoint, Failure, timed_out};
use super::journal::Journal;
use super::process::{Process, Sign, bind};
use super::{Delivery, Platform};
use crate::contract::{
    Credentials, Doorway, EnvironmentError, FunctionSpec, Invocation, InvocationError, Outcome, Report,
};
use crate::limits::{AFTER_ANSWER, INIT_MAX, KEEP_ALIVE, OPEN_FILES_MAX};
use crate::meter::{Mark, init_report_line, report_line};
use crate::rapi::{Effect, Event, Payload};
use crate::runtimes::{Family, Launch, runtime_version_arn};
use crate::sandbox::{self, Exit, Plan, Program};
use crate::variables::{Circumstances, environment};

/// What an environment asks of the pool that it belongs to.
pub trait Home: Send + Sync {
    /// It is free for the next event; false when it is not wanted any more.
    fn release(&self) -> bool;
    /// It wants to end; false when an event is already on its way to it.
    fn leave_if_idle(&self) -> bool;
    /// It has ended or will not take another event.
    fn leave(&self);
    /// Its credentials serve until then.
    fn usable_until(&self, at: kernel::Timestamp);
}

pub struct Environment<H> {
    platform: Arc<Platform>,
    spec: Arc<FunctionSpec>,
    launch: Arc<Launch>,
    journal: Journal,
    folder: PathBuf,
    home: H,
    stop: watch::Receiver<bool>,
    credentials: Option<Credentials>,
    doorway: Option<Doorway>,
}

/// How an initialization ended.
enum Initialized {
    Ready,
    Failed(Failure),
    Stopped,
}

/// An event that is being handled.
struct Running {
    invocation: Invocation,
    reply: oneshot::Sender<Result<Outcome, Invocation>>,
    /// When its time began, and when it is over.
    began: Duration,
    deadline: Duration,
    init: Option<Duration>,
}

/// How an event ended, and whether the process can take another.
enum Handled {
    Answered { result: Result<Bytes, Failure>, took: Duration },
    Stopped,
}

#[derive(PartialEq)]
enum After {
    Waiting,
    Busy,
    Gone,
}

impl<H: Home> Environment<H> {
    pub fn new(
        platform: Arc<Platform>,
        spec: Arc<FunctionSpec>,
        launch: Arc<Launch>,
        home: H,
        stop: watch::Receiver<bool>,
    ) -> Self {
        let rng = &*platform.rng;
        let day = platform.clock.wall().day_path();
        // Source: recorded log stream names.
        let stream = format!("{day}/[{}]{}", spec.version, id::hex_digits(rng, 32));
        let folder = platform.scratch_dir.join(id::hex_digits(rng, 32));
        let journal = Journal::new(platform.clone(), spec.clone(), stream);
        Self { platform, spec, launch, journal, folder, home, stop, credentials: None, doorway: None }
    }

    /// Lives until it is not wanted any more; no process is left when this returns.
    pub async fn run(mut self, mut deliveries: mpsc::Receiver<Delivery>) {
        if let Some(process) = self.begin(&mut deliveries).await {
            self.serve(process, &mut deliveries).await;
        }
        self.home.leave();
        self.journal.flush();
        deliveries.close();
        while let Some(late) = deliveries.recv().await {
            let _ = late.reply.send(Err(late.invocation));
        }
        let folder = std::mem::take(&mut self.folder);
        let _ = tokio::task::spawn_blocking(move || std::fs::remove_dir_all(folder)).await;
    }

    /// The cold start with its first event. Answers the process when it can take more.
    async fn begin(&mut self, deliveries: &mut mpsc::Receiver<Delivery>) -> Option<Process> {
        let Delivery { invocation, reply } = deliveries.recv().await?;
        let arn = runtime_version_arn(&self.spec.runtime, &self.spec.region);
        self.journal.line(format!("INIT_START Runtime Version: {}\tRuntime Version ARN: {arn}\n", self.launch.version));
        self.journal.flush();
        let clock = self.platform.clock.clone();
        let init_began = clock.monotonic();
        if let Err(error) = self.prepare().await {
            return self.not_started(reply, EnvironmentError::Start(error.to_string()));
        }
        let mut process = match self.start().await {
            Ok(process) => process,
            Err(error) => return self.not_started(reply, EnvironmentError::Start(error.to_string())),
        };
        let initialized = self.initialize(&mut process, init_began + INIT_MAX).await;
        let init = clock.monotonic() - init_began;
        match initialized {
            Initialized::Ready => {
                let began = clock.monotonic();
                let deadline = began + self.spec.timeout;
                let running = Running { invocation, reply, began, deadline, init: Some(init) };
                self.journal.begin_tail(running.invocation.tail);
                self.handle(process, running).await
            }
            Initialized::Stopped => {
                process.end(&mut self.journal, &*clock).await;
                self.not_started(reply, EnvironmentError::Stopping)
            }
            Initialized::Failed(failure) => {
                process.end(&mut self.journal, &*clock).await;
                self.journal.line(init_report_line(init, "init", &mark(&failure)));
                self.begin_again(invocation, reply).await
            }
        }
    }

    /// A failed initialization is tried once more, as part of the event and within its time.
    /// Source: Lambda Developer Guide, "Understanding the Lambda execution environment lifecycle", failures in Init.
    async fn begin_again(
        &mut self,
        invocation: Invocation,
        reply: oneshot::Sender<Result<Outcome, Invocation>>,
    ) -> Option<Process> {
        let clock = self.platform.clock.clone();
        let began = clock.monotonic();
        let deadline = began + self.spec.timeout;
        self.journal.begin_tail(invocation.tail);
        let mut process = match self.start().await {
            Ok(process) => process,
            Err(error) => return self.not_started(reply, EnvironmentError::Start(error.to_string())),
        };
        let running = Running { invocation, reply, began, deadline, init: None };
        match self.initialize(&mut process, deadline).await {
            Initialized::Ready => self.handle(process, running).await,
            Initialized::Stopped => {
                process.end(&mut self.journal, &*clock).await;
                self.not_started(running.reply, EnvironmentError::Stopping)
            }
            Initialized::Failed(failure) => {
                let took = (clock.monotonic() - began).min(self.spec.timeout);
                let peak_mb = process.peak_mb();
                process.end(&mut self.journal, &*clock).await;
                self.journal.line(init_report_line(took, "invoke", &mark(&failure)));
                self.start_line(&running.invocation.request_id);
                self.home.leave();
                self.finish(running, Err(failure), took, peak_mb);
                None
            }
        }
    }

    fn not_started(
        &mut self,
        reply: oneshot::Sender<Result<Outcome, Invocation>>,
        error: EnvironmentError,
    ) -> Option<Process> {
        self.journal.flush();
        self.home.leave();
        let _ = reply.send(Ok(Outcome { result: Err(error.into()), log_tail: None, report: None }));
        None
    }

    /// What all processes of the environment share.
    async fn prepare(&mut self) -> std::io::Result<()> {
        let folder = self.folder.clone();
        let made = tokio::task::spawn_blocking(move || {
            std::fs::create_dir_all(folder.join("tmp"))?;
            std::fs::create_dir(folder.join("stage"))
        });
        made.await??;
        self.credentials = self.platform.credentials.credentials(&self.spec).await;
        if let Some(credentials) = &self.credentials {
            self.home.usable_until(credentials.expires);
            self.doorway = self.platform.doorways.open(credentials).await;
        }
        Ok(())
    }

    async fn start(&mut self) -> std::io::Result<Process> {
        let (listener, runtime_api) = bind().await?;
        let variables = environment(
            &self.spec,
            &Circumstances {
                family: &self.launch.family,
                log_stream: &self.journal.stream,
                runtime_api,
                credentials: self.credentials.as_ref(),
                doorway: self.doorway.as_ref().map(|doorway| doorway.address),
            },
        );
        let plan = self.plan(variables);
        let (warden, title) = (self.platform.warden.clone(), self.spec.function_name.clone());
        let launched = tokio::task::spawn_blocking(move || sandbox::launch(&warden, &title, &plan));
        let (sandbox, pipes) = launched.await??;
        Ok(Process::new(sandbox, pipes, listener))
    }

    fn plan(&self, environment: Vec<(String, String)>) -> Plan {
        let managed = self.launch.family != Family::Provided;
        Plan {
            program: self.launch.program.clone(),
            // AWS's own bootstraps start this script instead, in the languages that they are for.
            wrapper: self.spec.environment.get("AWS_LAMBDA_EXEC_WRAPPER").filter(|_| managed).cloned(),
            arguments: match self.launch.family {
                Family::Nodejs { .. } => node_flags(self.spec.memory_mb),
                // The host user's own packages are no part of a function.
                Family::Python { .. } => vec!["-s".to_owned()],
                Family::Provided => Vec::new(),
            },
            entry: self.launch.entry.clone(),
            environment,
            private_mounts: self.platform.private_mounts,
            code: std::path::absolute(&self.spec.code_dir).unwrap_or_else(|_| self.spec.code_dir.clone()),
            runtime: self.launch.client.clone(),
            tmp: self.folder.join("tmp"),
            stage: self.folder.join("stage"),
            tools: self.launch.tools.clone(),
            open_files: OPEN_FILES_MAX,
        }
    }

    async fn initialize(&mut self, process: &mut Process, deadline: Duration) -> Initialized {
        let clock = self.platform.clock.clone();
        let mut over = clock.pause(deadline.saturating_sub(clock.monotonic()));
        let mut told = None;
        loop {
            let sign = tokio::select! {
                sign = process.sign(&mut self.journal) => sign,
                () = &mut over => return Initialized::Failed(Failure::TimedOut),
                () = stopped(&mut self.stop) => return Initialized::Stopped,
            };
            match sign {
                Sign::Said(Effect::Waiting) => return Initialized::Ready,
                // The client ends the process after it; what is written until then belongs to the log.
                Sign::Said(Effect::InitFailed(payload)) => told = Some(failure(payload)),
                Sign::Exited(exit) => {
                    process.drain(&mut self.journal);
                    return Initialized::Failed(told.unwrap_or(Failure::Exited(exit)));
                }
                Sign::NotExecutable { errno } => return Initialized::Failed(self.not_executable(errno)),
                Sign::Lost => return Initialized::Failed(told.unwrap_or(LOST)),
                Sign::Started { plain } => *self.platform.plain.lock().unwrap_or_else(PoisonError::into_inner) = plain,
                Sign::Said(_) | Sign::Wrote => {}
            }
        }
    }

    fn not_executable(&self, errno: i32) -> Failure {
        match &self.launch.program {
            Program::InCode(name) => Failure::InvalidEntrypoint(match self.spec.code_dir.join(name).exists() {
                true => Entrypoint::NotExecutable { errno },
                false => Entrypoint::Missing,
            }),
            // What a shell answers for a wrapper that is not there, or may not be executed.
            Program::At(_) => Failure::Exited(Exit::Status(if errno == libc::ENOENT { 127 } else { 126 })),
        }
    }

    /// Takes events until there is a reason to end.
    async fn serve(&mut self, process: Process, deliveries: &mut mpsc::Receiver<Delivery>) {
        let mut current = Some(process);
        while let Some(process) = current.take() {
            let Some((delivery, process)) = self.idle(process, deliveries).await else { return };
            let began = self.platform.clock.monotonic();
            let deadline = began + self.spec.timeout;
            let Delivery { invocation, reply } = delivery;
            self.journal.begin_tail(invocation.tail);
            current = self.handle(process, Running { invocation, reply, began, deadline, init: None }).await;
        }
    }

    /// Waits for an event. `None` when the process is ended instead.
    async fn idle(
        &mut self,
        mut process: Process,
        deliveries: &mut mpsc::Receiver<Delivery>,
    ) -> Option<(Delivery, Process)> {
        let clock = self.platform.clock.clone();
        let mut kept = clock.pause(KEEP_ALIVE);
        loop {
            tokio::select! {
                delivery = deliveries.recv() => match delivery {
                    Some(delivery) => return Some((delivery, process)),
                    None => break,
                },
                sign = process.sign(&mut self.journal) => match sign {
                    Sign::Exited(_) | Sign::NotExecutable { .. } | Sign::Lost => break,
                    Sign::Started { .. } | Sign::Said(_) | Sign::Wrote => {}
                },
                () = &mut kept => match self.home.leave_if_idle() {
                    true => break,
                    false => kept = clock.pause(KEEP_ALIVE),
                },
                () = stopped(&mut self.stop) => break,
            }
        }
        self.home.leave();
        process.end(&mut self.journal, &*clock).await;
        None
    }

    /// One event. Answers the process when it can take another.
    async fn handle(&mut self, mut process: Process, running: Running) -> Option<Process> {
        let clock = self.platform.clock.clone();
        self.start_line(&running.invocation.request_id);
        let event = self.event(&running);
        process.begin(&running.invocation.request_id, event);
        let mut over = clock.pause(running.deadline.saturating_sub(clock.monotonic()));
        let handled = self.until_answered(&mut process, &running, &mut over).await;
        let Handled::Answered { result, took } = handled else {
            process.end(&mut self.journal, &*clock).await;
            return self.not_started(running.reply, EnvironmentError::Stopping);
        };
        let after = match &result {
            Err(Failure::TimedOut | Failure::Exited(_)) => After::Gone,
            _ => self.until_waiting(&mut process, clock.pause(AFTER_ANSWER), &mut over).await,
        };
        let peak_mb = process.peak_mb();
        match after {
            After::Waiting => {
                process.drain(&mut self.journal);
                // Free before the caller has its answer, so that its next event finds this environment.
                let wanted = self.home.release();
                self.finish(running, result, took, peak_mb);
                if wanted {
                    return Some(process);
                }
                process.end(&mut self.journal, &*clock).await;
                None
            }
            After::Busy => {
                process.drain(&mut self.journal);
                self.finish(running, result, took, peak_mb);
                self.work_on(process, over).await
            }
            After::Gone => {
                self.home.leave();
                process.end(&mut self.journal, &*clock).await;
                self.finish(running, result, took, peak_mb);
                None
            }
        }
    }

    async fn until_answered(
        &mut self,
        process: &mut Process,
        running: &Running,
        over: &mut kernel::BoxFuture<'static, ()>,
    ) -> Handled {
        let clock = self.platform.clock.clone();
        loop {
            let sign = tokio::select! {
                sign = process.sign(&mut self.journal) => sign,
                () = &mut *over => {
                    return Handled::Answered { result: Err(Failure::TimedOut), took: self.spec.timeout };
                }
                () = stopped(&mut self.stop) => return Handled::Stopped,
            };
            let took = || (clock.monotonic() - running.began).min(self.spec.timeout);
            let result = match sign {
                Sign::Said(Effect::Answered(Payload::Whole(payload))) => Ok(payload),
                Sign::Said(Effect::Answered(Payload::TooLarge)) => Err(Failure::TooLarge),
                Sign::Said(Effect::Failed(payload)) => Err(failure(payload)),
                Sign::Exited(exit) => Err(Failure::Exited(exit)),
                Sign::NotExecutable { .. } | Sign::Lost => Err(LOST),
                Sign::Started { .. } | Sign::Said(_) | Sign::Wrote => continue,
            };
            return Handled::Answered { result, took: took() };
        }
    }

    /// After its answer a runtime asks for the next event, commonly at once.
    async fn until_waiting(
        &mut self,
        process: &mut Process,
        mut patience: kernel::BoxFuture<'static, ()>,
        over: &mut kernel::BoxFuture<'static, ()>,
    ) -> After {
        loop {
            tokio::select! {
                sign = process.sign(&mut self.journal) => match sign {
                    Sign::Said(Effect::Waiting) => return After::Waiting,
                    Sign::Exited(_) | Sign::NotExecutable { .. } | Sign::Lost => return After::Gone,
                    Sign::Started { .. } | Sign::Said(_) | Sign::Wrote => {}
                },
                () = &mut patience => return After::Busy,
                () = &mut *over => return After::Gone,
                () = stopped(&mut self.stop) => return After::Gone,
            }
        }
    }

    /// The caller has its answer, the runtime still works: it may, until the event's time is over.
    async fn work_on(&mut self, mut process: Process, mut over: kernel::BoxFuture<'static, ()>) -> Option<Process> {
        let clock = self.platform.clock.clone();
        let after = self.until_waiting(&mut process, Box::pin(std::future::pending()), &mut over).await;
        if after == After::Waiting && self.home.release() {
            return Some(process);
        }
        self.home.leave();
        process.end(&mut self.journal, &*clock).await;
        None
    }

    fn start_line(&mut self, request_id: &str) {
        self.journal.line(format!("START RequestId: {request_id} Version: {}\n", self.spec.version));
    }

    /// Writes the end of an event's log and answers its caller.
    fn finish(&mut self, running: Running, result: Result<Bytes, Failure>, took: Duration, peak_mb: u32) {
        let id = &running.invocation.request_id;
        let timeout = self.spec.timeout;
        match &result {
            Err(Failure::TimedOut) => {
                let at = self.platform.clock.wall();
                self.journal.line(format!("{at} {id} {}\n\n", timed_out(timeout)));
            }
            Err(failure @ (Failure::Exited(_) | Failure::InvalidEntrypoint(_))) => {
                let line = format!("{}\n{}\n", failure.message(id, timeout), failure.kind());
                self.journal.line(line);
            }
            Err(failure @ Failure::TooLarge) => self.journal.line(format!("{}\n", failure.message(id, timeout))),
            _ => {}
        }
        let report = Report {
            duration: took,
            billed: self.platform.billing.billed(took, running.init),
            init: running.init,
            memory_mb: self.spec.memory_mb,
            max_memory_mb: peak_mb.clamp(1, self.spec.memory_mb),
            log_stream: self.journal.stream.clone(),
        };
        let mark = result.as_ref().err().filter(|failure| !matches!(failure, Failure::Told(_))).map(mark);
        self.journal.line(format!("END RequestId: {id}\n"));
        self.journal.line(report_line(id, &report, mark.as_ref()));
        self.journal.flush();
        let result = result.map_err(|failure| InvocationError::Function(failure.payload(id, timeout)));
        let log_tail = self.journal.end_tail();
        let _ = running.reply.send(Ok(Outcome { result, log_tail, report: Some(report) }));
    }

    /// Source: Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes", Next invocation.
    fn event(&self, running: &Running) -> Event {
        let invocation = &running.invocation;
        let clock = &self.platform.clock;
        let deadline = clock.wall() + running.deadline.saturating_sub(clock.monotonic());
        let mut headers = vec![
            ("lambda-runtime-aws-request-id", invocation.request_id.clone()),
            ("lambda-runtime-deadline-ms", deadline.millis().to_string()),
            ("lambda-runtime-invoked-function-arn", invocation.invoked_arn.clone()),
        ];
        let trace = invocation.trace_header.clone().unwrap_or_else(|| self.new_trace());
        headers.push(("lambda-runtime-trace-id", trace));
        if let Some(context) = &invocation.client_context {
            headers.push(("lambda-runtime-client-context", context.clone()));
        }
        if let Some(identity) = &invocation.cognito_identity {
            headers.push(("lambda-runtime-cognito-identity", identity.clone()));
        }
        (headers, invocation.payload.clone())
    }

    fn new_trace(&self) -> String {
        let digits = |count| id::hex_digits(&*self.platform.rng, count);
        let seconds = self.platform.clock.wall().secs();
        format!("Root=1-{seconds:08x}-{};Parent={};Sampled=0;Lineage=1:{}:0", digits(24), digits(16), digits(8))
    }
}

/// Its warden is gone or its channel broken: it is killed, and that is how it ended.
const LOST: Failure = Failure::Exited(Exit::Signal(libc::SIGKILL));

fn failure(payload: Payload) -> Failure {
    match payload {
        Payload::Whole(payload) => Failure::Told(payload),
        Payload::TooLarge => Failure::TooLarge,
    }
}

fn mark(failure: &Failure) -> Mark {
    match failure {
        Failure::TimedOut => Mark::Timeout,
        other => Mark::Error(other.kind()),
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // A closed channel means that the pool is gone: the deliveries say so too.
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending().await
    }
}

/// As AWS starts Node.js: the heap's parts in proportion to the function's memory.
fn node_flags(memory_mb: u32) -> Vec<String> {
    vec![
        "--max-http-header-size=81920".to_owned(),
        format!("--max-semi-space-size={}", (memory_mb * 5 / 100).max(1)),
        format!("--max-old-space-size={}", memory_mb * 90 / 100),
    ]
}
