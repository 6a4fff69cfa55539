//! The server's side: starting a warden, hearing it, ending it.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::Path;
use std::process::Stdio;

use bytes::BytesMut;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    recvmsg, sendmsg,
};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::net::unix::pipe;

use super::network::{DESCRIPTORS_MAX, Injected};
use super::plan::{Plan, Report};
use super::relatives::children_of;
use super::warden::NAME;

/// One environment's processes. Dropping it ends them all: the warden sees its control socket close.
pub struct Sandbox {
    control: UnixStream,
    heard: BytesMut,
    received: Vec<OwnedFd>,
    warden: tokio::process::Child,
    group: Option<Pid>,
    /// The warden's child is the first process of a pid namespace, and the runtime is a child of that.
    has_world: bool,
}

/// The server's ends of the runtime's pipes.
pub struct Pipes {
    pub events: pipe::Sender,
    pub answers: pipe::Receiver,
    pub telemetry: pipe::Receiver,
    pub stdout: pipe::Receiver,
    pub stderr: pipe::Receiver,
}

/// Starts `warden` (a binary whose `main` calls `stand_guard_if_asked`) with a plan. Blocks for about a millisecond;
/// must be called inside a tokio runtime.
pub fn launch(warden: &Path, title: &str, plan: &Plan) -> io::Result<(Sandbox, Pipes)> {
    let pipe = || pipe_with(PipeFlags::CLOEXEC);
    let (events_in, events_out) = pipe()?;
    let (answers_in, answers_out) = pipe()?;
    let (telemetry_in, telemetry_out) = pipe()?;
    let (stdout_in, stdout_out) = pipe()?;
    let (stderr_in, stderr_out) = pipe()?;
    let (ours, theirs) = StdUnixStream::pair()?;
    let mut command = std::process::Command::new(warden);
    std::os::unix::process::CommandExt::arg0(&mut command, NAME);
    // Out of the terminal's group: an interrupt there is for the server, which then ends its functions in order.
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.arg(title).env_clear().current_dir("/");
    command.stdin(Stdio::from(OwnedFd::from(theirs)));
    command.stdout(Stdio::from(stdout_out)).stderr(Stdio::from(stderr_out));
    let child = tokio::process::Command::from(command).spawn()?;
    send_plan(&ours, plan, &[events_in, answers_out, telemetry_out])?;
    ours.set_nonblocking(true)?;
    let sandbox = Sandbox {
        control: UnixStream::from_std(ours)?,
        heard: BytesMut::new(),
        received: Vec::new(),
        warden: child,
        group: None,
        has_world: plan.world.is_some(),
    };
    let pipes = Pipes {
        events: pipe::Sender::from_owned_fd(events_out)?,
        answers: pipe::Receiver::from_owned_fd(answers_in)?,
        telemetry: pipe::Receiver::from_owned_fd(telemetry_in)?,
        stdout: pipe::Receiver::from_owned_fd(stdout_in)?,
        stderr: pipe::Receiver::from_owned_fd(stderr_in)?,
    };
    Ok((sandbox, pipes))
}

fn send_plan(control: &StdUnixStream, plan: &Plan, descriptors: &[OwnedFd; 3]) -> io::Result<()> {
    let plan = serde_json::to_vec(plan)?;
    let length = u32::try_from(plan.len()).map_err(|_| io::ErrorKind::InvalidInput)?.to_be_bytes();
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let borrowed = descriptors.each_ref().map(AsFd::as_fd);
    ancillary.push(SendAncillaryMessage::ScmRights(&borrowed));
    sendmsg(control, &[io::IoSlice::new(&length)], &mut ancillary, SendFlags::NOSIGNAL)?;
    io::Write::write_all(&mut &*control, &plan)
}

fn hear(control: &UnixStream, heard: &mut BytesMut, received: &mut Vec<OwnedFd>) -> io::Result<usize> {
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut piece = [0; 1024];
    let got = recvmsg(control, &mut [io::IoSliceMut::new(&mut piece)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
    heard.extend_from_slice(&piece[..got.bytes]);
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(descriptors) = message {
            received.extend(descriptors);
        }
    }
    Ok(got.bytes)
}

impl Sandbox {
    /// The next thing the warden tells; `None` when it has ended. Cancel safe.
    pub async fn report(&mut self) -> Option<Report> {
        loop {
            if let Some(end) = self.heard.iter().position(|byte| *byte == b'\n') {
                let report = serde_json::from_slice(&self.heard.split_to(end + 1)).ok();
                let Some(Report::Started { pid }) = report else { return report };
                let pid = if self.has_world { self.pid_from_here() } else { Some(pid) };
                self.group = pid.and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
                // A pid of zero is nobody's: the runtime may have ended by now.
                return Some(Report::Started { pid: pid.unwrap_or(0) });
            }
            let (control, heard, received) = (&self.control, &mut self.heard, &mut self.received);
            let size = control.async_io(Interest::READABLE, || hear(control, heard, received)).await;
            if !matches!(size, Ok(size) if size > 0) {
                return None;
            }
        }
    }

    /// What came with [`Report::Listening`].
    pub fn listeners(&mut self) -> io::Result<Injected> {
        Injected::of(std::mem::take(&mut self.received))
    }

    /// The runtime's process as this side of its pid namespace numbers it.
    fn pid_from_here(&self) -> Option<u32> {
        let only_child = |parent: Pid| children_of(parent).into_iter().next();
        let warden = Pid::from_raw(i32::try_from(self.warden.id()?).ok()?)?;
        let runtime = only_child(only_child(warden)?)?;
        Some(runtime.as_raw_nonzero().get().unsigned_abs())
    }

    /// Ends every process; returns when none is left.
    pub async fn end(mut self, clock: &dyn kernel::Clock) {
        drop(self.control);
        if clock.timeout(crate::limits::KILL_MAX, self.warden.wait()).await.is_err() {
            // Somebody has stopped or replaced the warden: what can be reached is killed all the same.
            if let Some(group) = self.group {
                let _ = kill_process_group(group, Signal::KILL);
            }
            let _ = self.warden.kill().await;
        }
    }
}
