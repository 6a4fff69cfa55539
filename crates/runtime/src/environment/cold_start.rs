//! A cold start: folder, credentials, the runtime's process, its initialization, and what is done when that fails.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::Delivery;
use super::errors::{Entrypoint, Failure};
use super::event::{LOST, failure, mark};
use super::language;
use super::life::{Environment, Home, Running, stopped};
use super::process::{Process, Sign, bind};
use crate::contract::{Doorway, EnvironmentError, Invocation, KeepFailure, Outcome};
use crate::isolation::IsolationLevel;
use crate::limits::{INIT_AHEAD_MAX, INIT_MAX, OPEN_FILES_MAX};
use crate::platform_log::PlatformEvent;
use crate::rapi::Effect;
use crate::runtimes::{Family, runtime_version_arn};
use crate::sandbox::{self, Exit, Injected, PLATFORM, Plan, Program, RUNTIME_API_PORT, World};
use crate::variables::{Circumstances, environment};

/// Where bootstraps lead connections to AWS's names in an own network.
const HTTPS_PORT: u16 = 443;

/// How an initialization ended.
enum Initialized {
    Ready,
    Failed(Failure),
    /// No process of the function's was started.
    NotStarted(String),
    Stopped,
}

impl<H: Home> Environment<H> {
    /// The cold start with its first event. Answers the process when it can take more.
    pub(super) async fn begin(&mut self, deliveries: &mut mpsc::Receiver<Delivery>) -> Option<Process> {
        let Delivery { invocation, reply } = deliveries.recv().await?;
        self.init_start();
        let initialization = self.initialization;
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
                self.journal.platform(&PlatformEvent::InitDone {
                    initialization,
                    took: init,
                    phase: "init",
                    mark: None,
                });
                let began = clock.monotonic();
                let deadline = began + self.spec.timeout;
                let running = Running { invocation, reply, began, deadline, init: Some(init), is_first: true };
                self.journal.begin_tail(running.invocation.tail);
                self.handle(process, running).await
            }
            Initialized::Stopped => {
                process.end(&mut self.journal, &*clock).await;
                self.not_started(reply, EnvironmentError::Stopping)
            }
            Initialized::NotStarted(why) => {
                process.end(&mut self.journal, &*clock).await;
                self.not_started(reply, EnvironmentError::Start(why))
            }
            Initialized::Failed(failure) => {
                process.end(&mut self.journal, &*clock).await;
                let mark = Some(&mark(&failure));
                self.journal.platform(&PlatformEvent::InitDone { initialization, took: init, phase: "init", mark });
                self.begin_again(invocation, reply).await
            }
        }
    }

    /// A cold start before anything calls. Answers the process when it is ready for the first event.
    pub(super) async fn begin_ahead(&mut self) -> Option<Process> {
        self.init_start();
        let initialization = self.initialization;
        let clock = self.platform.clock.clone();
        let init_began = clock.monotonic();
        let started = match self.prepare().await {
            Ok(()) => self.start().await,
            Err(error) => Err(error),
        };
        let mut process = match started {
            Ok(process) => process,
            Err(error) => {
                self.home.not_ready(KeepFailure::Start(error.to_string()));
                return None;
            }
        };
        let longest = self.spec.timeout.max(INIT_AHEAD_MAX);
        let initialized = self.initialize(&mut process, init_began + longest).await;
        let took = clock.monotonic() - init_began;
        match initialized {
            Initialized::Ready => {
                self.journal.platform(&PlatformEvent::InitDone { initialization, took, phase: "init", mark: None });
                self.journal.flush();
                self.init_ahead = Some(took);
                if self.home.release() {
                    return Some(process);
                }
            }
            Initialized::Stopped => {}
            Initialized::NotStarted(why) => self.home.not_ready(KeepFailure::Start(why)),
            Initialized::Failed(failure) => {
                let mark = Some(&mark(&failure));
                self.journal.platform(&PlatformEvent::InitDone { initialization, took, phase: "init", mark });
                self.home.not_ready(KeepFailure::Init);
            }
        }
        process.end(&mut self.journal, &*clock).await;
        None
    }

    fn init_start(&mut self) {
        let version_arn = &runtime_version_arn(&self.spec.runtime, &self.spec.region);
        let (initialization, launch) = (self.initialization, self.launch.clone());
        self.journal.platform(&PlatformEvent::InitStart { initialization, version: &launch.version, version_arn });
        self.journal.flush();
    }

    /// A failed initialization is tried once more, as part of the event and within its time.
    /// Source: Lambda Developer Guide, "Understanding the Lambda execution environment lifecycle", failures in Init.
    async fn begin_again(
        &mut self,
        invocation: Invocation,
        reply: oneshot::Sender<Result<Outcome, Invocation>>,
    ) -> Option<Process> {
        let (clock, initialization) = (self.platform.clock.clone(), self.initialization);
        let began = clock.monotonic();
        let deadline = began + self.spec.timeout;
        self.journal.begin_tail(invocation.tail);
        let mut process = match self.start().await {
            Ok(process) => process,
            Err(error) => return self.not_started(reply, EnvironmentError::Start(error.to_string())),
        };
        let running = Running { invocation, reply, began, deadline, init: None, is_first: true };
        match self.initialize(&mut process, deadline).await {
            Initialized::Ready => self.handle(process, running).await,
            Initialized::Stopped => {
                process.end(&mut self.journal, &*clock).await;
                self.not_started(running.reply, EnvironmentError::Stopping)
            }
            Initialized::NotStarted(why) => {
                process.end(&mut self.journal, &*clock).await;
                self.not_started(running.reply, EnvironmentError::Start(why))
            }
            Initialized::Failed(failure) => {
                let took = (clock.monotonic() - began).min(self.spec.timeout);
                let peak_mb = process.peak_mb();
                process.end(&mut self.journal, &*clock).await;
                let mark = Some(&mark(&failure));
                self.journal.platform(&PlatformEvent::InitDone { initialization, took, phase: "invoke", mark });
                self.start_line(&running.invocation.request_id);
                self.home.leave();
                self.finish(running, Err(failure), took, peak_mb);
                None
            }
        }
    }

    /// What all processes of the environment share.
    async fn prepare(&mut self) -> std::io::Result<()> {
        let stage = self.folder.join("stage");
        tokio::task::spawn_blocking(move || std::fs::create_dir_all(stage)).await??;
        self.credentials = self.platform.credentials.credentials(&self.spec).await;
        if let Some(credentials) = &self.credentials {
            self.home.usable_until(credentials.expires);
            self.doorway = if self.platform.has_own_network() {
                let authority = self.platform.doorways.authority();
                Some(Doorway { address: (PLATFORM, HTTPS_PORT).into(), authority, guard: Box::new(()) })
            } else {
                self.platform.doorways.open(credentials).await
            };
        }
        Ok(())
    }

    async fn start(&mut self) -> std::io::Result<Process> {
        let has_own_network = self.platform.has_own_network();
        let (listener, runtime_api) = if has_own_network {
            (None, runtime_api_address(&self.spec.runtime))
        } else {
            let (listener, address) = bind().await?;
            (Some(listener), address)
        };
        let is_plain = self.platform.isolation == IsolationLevel::Plain;
        let variables = environment(
            &self.spec,
            &Circumstances {
                family: &self.launch.family,
                initialization: self.initialization,
                log_stream: &self.journal.stream,
                runtime_api,
                credentials: self.credentials.as_ref(),
                doorway: self.doorway.as_ref(),
                names_resolve: has_own_network,
                localstack: self.platform.localstack_variables,
                plain_layers: if is_plain { &self.spec.layers } else { &[] },
            },
        );
        let mut plan = self.plan(variables);
        let (platform, launch, title) = (self.platform.clone(), self.launch.clone(), self.spec.function_name.clone());
        let world = (!is_plain).then(|| self.world());
        let authority = self.doorway.as_ref().and_then(|doorway| doorway.authority.clone());
        let launched = tokio::task::spawn_blocking(move || {
            if let Some(mut world) = world {
                world.etc = Some(platform.etc.folder(authority.as_deref())?);
                plan.program = language::lay(&mut world, &launch)?;
                plan.world = Some(world);
            }
            sandbox::launch(&platform.warden, &title, &plan)
        });
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
                Family::Nodejs { major } => node_flags(major, self.spec.memory_mb, self.platform.openssl_roots),
                // The host user's own packages are no part of a function.
                Family::Python { .. } => vec!["-s".to_owned()],
                Family::Provided => Vec::new(),
            },
            entry: self.launch.entry.clone(),
            environment,
            code: std::path::absolute(&self.spec.code_dir).unwrap_or_else(|_| self.spec.code_dir.clone()),
            runtime: self.launch.client.clone(),
            world: None,
            open_files: OPEN_FILES_MAX,
        }
    }

    fn world(&self) -> World {
        World {
            network: self.platform.network,
            own_ports: self.platform.own_ports.clone(),
            stage: self.folder.join("stage"),
            etc: None,
            layers: self.spec.layers.clone(),
            storage_mb: self.spec.ephemeral_storage_mb,
            programs: Vec::new(),
            libraries: Vec::new(),
            hidden: Vec::new(),
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
                Sign::NoWorld(why) => return Initialized::NotStarted(why),
                Sign::Listening(injected) => {
                    if let Err(error) = self.serve_network(process, injected) {
                        return Initialized::NotStarted(error.to_string());
                    }
                }
                Sign::Started | Sign::Said(_) | Sign::Wrote => {}
            }
        }
    }

    fn serve_network(&mut self, process: &mut Process, injected: Injected) -> std::io::Result<()> {
        let apis = process.serve_network(injected, self.platform.own_names.clone())?;
        if let (Some(credentials), Some(doorway)) = (&self.credentials, &mut self.doorway)
            && let Some(guard) = self.platform.doorways.serve(credentials, apis)
        {
            doorway.guard = guard;
        }
        Ok(())
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
}

/// Where a function of an own network finds the Runtime API: Amazon Linux 2's custom runtime is told another address of it.
/// Source: `AWS_LAMBDA_RUNTIME_API` in the recorded answers.
fn runtime_api_address(runtime: &str) -> SocketAddr {
    let address = if runtime == "provided.al2" { Ipv4Addr::LOCALHOST } else { PLATFORM };
    (address, RUNTIME_API_PORT).into()
}

/// As AWS starts Node.js: the heap's parts in proportion to the function's memory. Old versions know less of it.
fn node_flags(major: u32, memory_mb: u32, openssl_roots: bool) -> Vec<String> {
    let mut flags = vec![
        format!("--max-semi-space-size={}", (memory_mb * 5 / 100).max(1)),
        format!("--max-old-space-size={}", memory_mb * 90 / 100),
    ];
    if major >= 12 {
        flags.insert(0, "--max-http-header-size=81920".to_owned());
    }
    if openssl_roots && major >= 8 {
        // Of these only the root that a connection needs is read; Node's own cost the first connection 25 ms.
        flags.push("--use-openssl-ca".to_owned());
    }
    flags
}
