//! The process between the server and one runtime.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use rustix::process::{
    Pid, Signal, WaitStatus, getpid, kill_process_group, set_child_subreaper, set_parent_process_death_signal,
};

use super::namespaces::{FunctionNetwork, Side, Step, split};
use super::network::{Injected, PLATFORM};
use super::plan::{Exit, Plan, Report, World};
use super::program::{ASIDE, start};
use super::{privileges, probe, relatives, root};

/// The name under which the server's binary is a warden.
pub const NAME: &str = "gureum-function";
/// Its one argument when it is to find out what this host allows.
pub const PROBE: &str = "--probe";
const PLAN_BYTES_MAX: usize = 1024 * 1024;

/// To be called first in `main`: when this process was started as a warden it does that work and never returns.
pub fn stand_guard_if_asked() {
    let mut arguments = std::env::args_os();
    if arguments.next().as_deref() != Some(OsStr::new(NAME)) {
        return;
    }
    let done = if arguments.next().as_deref() == Some(OsStr::new(PROBE)) { probe::run() } else { guard() };
    std::process::exit(if done.is_ok() { 0 } else { 1 });
}

fn guard() -> io::Result<()> {
    let mut control = UnixStream::from(rustix::stdio::stdin().try_clone_to_owned()?);
    let (plan, descriptors) = receive_plan(&mut control)?;
    let Some(world) = &plan.world else {
        set_child_subreaper(Some(getpid()))?;
        return stand_by(&plan, descriptors, control);
    };
    match split(world.network) {
        Err(error) => {
            tell(&mut control, &no_world((Step::Namespaces, error)));
            Ok(())
        }
        Ok(Side::Inside) => {
            if let Err(failed) = enter(world, &plan, &control) {
                tell(&mut control, &no_world(failed));
                return Ok(());
            }
            stand_by(&plan, descriptors, control)
        }
        // The child hears the server itself, and takes everything with it when it ends. This process is its parent, so
        // that the server has one to wait for, and one whose end the child cannot outlive.
        Ok(Side::Outside(child)) => {
            drop(descriptors);
            silence()?;
            let pid = match child.release() {
                Ok(pid) => pid,
                Err(error) => {
                    tell(&mut control, &no_world((Step::Users, error)));
                    return Ok(());
                }
            };
            drop(control);
            rustix::stdio::dup2_stdin(&null()?)?;
            while rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::empty())
                .is_err_and(|error| error == rustix::io::Errno::INTR)
            {}
            Ok(())
        }
    }
}

/// Makes the world around this process, the first of its pid namespace, and gives up the rights that it took.
fn enter(world: &World, plan: &Plan, control: &UnixStream) -> Result<(), (Step, io::Error)> {
    if world.network == FunctionNetwork::None {
        let sent = Injected::bind(&world.own_ports).and_then(|injected| injected.send(control));
        sent.map_err(Step::Network.failed())?;
    }
    root::enter(world, Some(&plan.code), plan.runtime.as_deref())?;
    // AWS's are addresses too.
    let named = rustix::system::sethostname(PLATFORM.to_string().as_bytes()).map_err(io::Error::from);
    named.map_err(Step::Privileges.failed())?;
    privileges::drop_all().map_err(Step::Privileges.failed())?;
    // After the change of user, which takes it away.
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(io::Error::from).map_err(Step::Privileges.failed())
}

fn no_world((step, error): (Step, io::Error)) -> Report {
    Report::NoWorld { step, errno: error.raw_os_error().unwrap_or(0), error: error.to_string() }
}

fn null() -> io::Result<OwnedFd> {
    Ok(rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?)
}

/// The runtime's output ends when its own processes let go of it.
fn silence() -> io::Result<()> {
    let null = null()?;
    rustix::stdio::dup2_stdout(&null)?;
    Ok(rustix::stdio::dup2_stderr(&null)?)
}

/// Starts the runtime and stays until it has ended or is not wanted any more.
fn stand_by(plan: &Plan, descriptors: Vec<OwnedFd>, mut control: UnixStream) -> io::Result<()> {
    let ended = block_child_signal()?;
    let runtime = match start(plan, &descriptors) {
        Ok(child) => Pid::from_child(&child),
        Err(error) => {
            let errno = error.raw_os_error().unwrap_or(0);
            tell(&mut control, &Report::NotExecutable { errno });
            return Ok(());
        }
    };
    drop(descriptors);
    silence()?;
    tell(&mut control, &Report::Started { pid: runtime.as_raw_nonzero().get().unsigned_abs() });
    let exit = watch(&control, &ended, runtime);
    // Whatever it left behind goes first: once the exit is told, nothing writes any more.
    let _ = kill_process_group(runtime, Signal::KILL);
    relatives::end_all();
    if let Some(exit) = exit {
        tell(&mut control, &Report::Exited { exit, peak_kilobytes: peak_kilobytes() });
    }
    Ok(())
}

/// The plan and the runtime's pipes come in one message; a long plan's rest follows.
fn receive_plan(control: &mut UnixStream) -> io::Result<(Plan, Vec<OwnedFd>)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut length = [0; 4];
    let got = recvmsg(
        &*control,
        &mut [io::IoSliceMut::new(&mut length)],
        &mut ancillary,
        RecvFlags::CMSG_CLOEXEC | RecvFlags::WAITALL,
    )?;
    let length = u32::from_be_bytes(length) as usize;
    if got.bytes != 4 || length > PLAN_BYTES_MAX {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let received = ancillary.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
        _ => None,
    });
    let aside: Vec<OwnedFd> = received
        .flatten()
        .map(|descriptor| rustix::io::fcntl_dupfd_cloexec(descriptor, ASIDE))
        .collect::<Result<_, _>>()?;
    let mut plan = vec![0; length];
    control.read_exact(&mut plan)?;
    Ok((serde_json::from_slice(&plan)?, aside))
}

/// A descriptor that is readable when a child has ended. The runtime starts with an empty signal mask again (std).
fn block_child_signal() -> io::Result<OwnedFd> {
    // SAFETY: the set is initialised by sigemptyset before it is used, and signalfd's answer is checked before it is owned.
    unsafe {
        let mut set = MaybeUninit::uninit();
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), libc::SIGCHLD);
        libc::sigprocmask(libc::SIG_BLOCK, set.as_ptr(), std::ptr::null_mut());
        let descriptor = libc::signalfd(-1, set.as_ptr(), libc::SFD_CLOEXEC | libc::SFD_NONBLOCK);
        if descriptor < 0 { Err(io::Error::last_os_error()) } else { Ok(OwnedFd::from_raw_fd(descriptor)) }
    }
}

/// Waits until the runtime has ended, or until the server has gone or lets go (`None`).
fn watch(control: &UnixStream, ended: &OwnedFd, runtime: Pid) -> Option<Exit> {
    loop {
        if let Some(status) = relatives::reap(runtime) {
            return Some(exit(status));
        }
        let (control, ended) = (control.as_fd(), ended.as_fd());
        let mut ready =
            [PollFd::from_borrowed_fd(control, PollFlags::IN), PollFd::from_borrowed_fd(ended, PollFlags::IN)];
        match poll(&mut ready, None) {
            Ok(_) if !ready[0].revents().is_empty() => return None,
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return None,
        }
        let _ = rustix::io::read(ended, &mut [0_u8; 128 * 8]);
    }
}

fn exit(status: WaitStatus) -> Exit {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(status), _) => Exit::Status(status),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => Exit::Status(1),
    }
}

/// Of the processes that have ended, the one that held most.
fn peak_kilobytes() -> u64 {
    // SAFETY: getrusage fills the whole structure, of which every bit pattern is valid.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_CHILDREN, &mut usage);
        usage
    };
    usage.ru_maxrss.unsigned_abs()
}

fn tell(control: &mut UnixStream, report: &Report) {
    if let Ok(mut line) = serde_json::to_vec(report) {
        line.push(b'\n');
        let _ = control.write_all(&line);
    }
}
