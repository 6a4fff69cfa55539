//! The course of an environment: a cold start, one event after another, its end.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kernel::id;
use tokio::sync::{mpsc, oneshot, watch};

use super::journal::Journal;
use super::process::{Process, Sign};
use super::{Delivery, Platform};
use crate::contract::{
    Credentials, Doorway, EnvironmentError, FunctionSpec, Initialization, Invocation, KeepFailure, Outcome,
};
use crate::runtimes::Launch;

/// What an environment asks of the pool that it belongs to.
pub trait Home: Send + Sync {
    /// It is free for the next event; false when it is not wanted any more.
    fn release(&self) -> bool;
    /// It wants to end; false when an event is already on its way to it.
    fn leave_if_idle(&self) -> bool;
    /// It has ended or will not take another event.
    fn leave(&self);
    /// It was started before anything called, and could not be initialised.
    fn not_ready(&self, failure: KeepFailure);
    /// Its credentials serve until then.
    fn usable_until(&self, at: kernel::Timestamp);
}
pub struct Environment<H> {
    pub(super) platform: Arc<Platform>,
    pub(super) spec: Arc<FunctionSpec>,
    pub(super) launch: Arc<Launch>,
    pub(super) journal: Journal,
    pub(super) folder: PathBuf,
    pub(super) home: H,
    pub(super) initialization: Initialization,
    /// How long an initialization took that no event has been told of yet.
    pub(super) init_ahead: Option<Duration>,
    pub(super) stop: watch::Receiver<bool>,
    pub(super) credentials: Option<Credentials>,
    pub(super) doorway: Option<Doorway>,
}

/// An event that is being handled.
pub(super) struct Running {
    pub(super) invocation: Invocation,
    pub(super) reply: oneshot::Sender<Result<Outcome, Invocation>>,
    /// When its time began, and when it is over.
    pub(super) began: Duration,
    pub(super) deadline: Duration,
    pub(super) init: Option<Duration>,
    /// Whether its cold start was for this event.
    pub(super) is_first: bool,
}

impl<H: Home> Environment<H> {
    pub fn new(
        platform: Arc<Platform>,
        spec: Arc<FunctionSpec>,
        launch: Arc<Launch>,
        home: H,
        initialization: Initialization,
        stop: watch::Receiver<bool>,
    ) -> Self {
        let rng = &*platform.rng;
        let day = platform.clock.wall().day_path();
        let stream = stream_name(&spec, &day, &id::hex_digits(rng, 32));
        let folder = platform.scratch_dir.join(id::hex_digits(rng, 32));
        let journal = Journal::new(platform.clone(), spec.clone(), stream);
        Self {
            platform,
            spec,
            launch,
            journal,
            folder,
            home,
            initialization,
            init_ahead: None,
            stop,
            credentials: None,
            doorway: None,
        }
    }

    /// Lives until it is not wanted any more; no process is left when this returns.
    pub async fn run(mut self, mut deliveries: mpsc::Receiver<Delivery>) {
        let begun = match self.initialization {
            Initialization::OnDemand => self.begin(&mut deliveries).await,
            Initialization::Provisioned => self.begin_ahead().await,
        };
        if let Some(process) = begun {
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

    pub(super) fn not_started(
        &mut self,
        reply: oneshot::Sender<Result<Outcome, Invocation>>,
        error: EnvironmentError,
    ) -> Option<Process> {
        self.journal.flush();
        self.home.leave();
        let _ = reply.send(Ok(Outcome { result: Err(error.into()), log_tail: None, report: None }));
        None
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
            let init = self.init_ahead.take();
            let running = Running { invocation, reply, began, deadline, init, is_first: false };
            current = self.handle(process, running).await;
        }
    }

    /// Waits for an event. `None` when the process is ended instead.
    async fn idle(
        &mut self,
        mut process: Process,
        deliveries: &mut mpsc::Receiver<Delivery>,
    ) -> Option<(Delivery, Process)> {
        let clock = self.platform.clock.clone();
        let mut kept = clock.pause(self.platform.keep_alive);
        loop {
            tokio::select! {
                delivery = deliveries.recv() => match delivery {
                    Some(delivery) => return Some((delivery, process)),
                    None => break,
                },
                sign = process.sign(&mut self.journal) => match sign {
                    Sign::Exited(_) | Sign::NotExecutable { .. } | Sign::NoWorld(_) | Sign::Lost => break,
                    Sign::Started | Sign::Listening(_) | Sign::Said(_) | Sign::Wrote => {}
                },
                () = &mut kept => match self.home.leave_if_idle() {
                    true => break,
                    false => kept = clock.pause(self.platform.keep_alive),
                },
                () = stopped(&mut self.stop) => break,
            }
        }
        self.home.leave();
        process.end(&mut self.journal, &*clock).await;
        None
    }
}

pub(super) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // A closed channel means that the pool is gone: the deliveries say so too.
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending().await
    }
}

/// In a log group that several functions may share, a stream is named after its function too.
/// Source: recorded log stream names; Lambda Developer Guide, "Configuring CloudWatch log groups".
fn stream_name(spec: &FunctionSpec, day: &str, id: &str) -> String {
    let own = spec.log_group.strip_prefix("/aws/lambda/") == Some(&spec.function_name);
    let function = if own { "" } else { &spec.function_name };
    format!("{day}/{function}[{}]{id}", spec.version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_in_a_shared_group_names_its_function() {
        let spec = crate::contract::test_spec("nodejs20.x");
        assert_eq!(stream_name(&spec, "2026/01/02", "0a"), "2026/01/02/[$LATEST]0a");
        let shared = FunctionSpec { log_group: "shop".to_owned(), ..spec };
        assert_eq!(stream_name(&shared, "2026/01/02", "0a"), "2026/01/02/f[$LATEST]0a");
    }
}
