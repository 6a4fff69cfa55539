//! The process between the server and one runtime.

use std::ffi::{CString, OsStr, OsString};
use std::io::{self, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use rustix::process::{
    Pid, Resource, Rlimit, Signal, WaitStatus, getpid, kill_process_group, set_child_subreaper,
    set_parent_process_death_signal, setrlimit,
};

use super::plan::{Exit, Plan, Program, Report};
use super::{mounts, relatives};

/// The name under which the server's binary is a warden.
pub const NAME: &str = "gureum-function";
/// Where the runtime finds its pipes: events, answers, telemetry.
const RUNTIME_DESCRIPTORS: [i32; 3] = [3, 4, 5];
/// Above everything that a runtime expects, so that putting descriptors in place overwrites none.
const ASIDE: i32 = 20;
const PLAN_BYTES_MAX: usize = 1024 * 1024;

/// To be called first in `main`: when this process was started as a warden it does that work and never returns.
pub fn stand_guard_if_asked() {
    if std::env::args_os().next().as_deref() != Some(OsStr::new(NAME)) {
        return;
    }
    std::process::exit(match guard() {
        Ok(()) => 0,
        Err(_) => 1,
    });
}

fn guard() -> io::Result<()> {
    let mut control = UnixStream::from(rustix::stdio::stdin().try_clone_to_owned()?);
    let (plan, descriptors) = receive_plan(&mut control)?;
    set_child_subreaper(Some(getpid()))?;
    let ended = block_child_signal()?;
    let plain = match plan.private_mounts {
        true => mounts::enter(&plan).err().map(|error| error.to_string()),
        false => Some("private mounts are switched off".to_owned()),
    };
    let runtime = match start(&plan, plain.is_none(), &descriptors) {
        Ok(child) => Pid::from_child(&child),
        Err(error) => {
            let errno = error.raw_os_error().unwrap_or(0);
            tell(&mut control, &Report::NotExecutable { errno });
            return Ok(());
        }
    };
    // The runtime's output ends when its own processes let go of it.
    drop(descriptors);
    let null = rustix::fs::open("/dev/null", OFlags::RDWR, Mode::empty())?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    tell(&mut control, &Report::Started { pid: runtime.as_raw_nonzero().get().unsigned_abs(), plain });
    if let Some(exit) = watch(&control, &ended, runtime) {
        // Whatever it left behind goes first: once the exit is told, nothing writes any more.
        let _ = kill_process_group(runtime, Signal::KILL);
        relatives::end_all();
        tell(&mut control, &Report::Exited { exit, peak_kilobytes: peak_kilobytes() });
        return Ok(());
    }
    let _ = kill_process_group(runtime, Signal::KILL);
    relatives::end_all();
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

fn start(plan: &Plan, mounted: bool, descriptors: &[OwnedFd]) -> io::Result<std::process::Child> {
    let place = |inside: &str, outside: &Path| if mounted { PathBuf::from(inside) } else { outside.to_owned() };
    let code = place("/var/task", &plan.code);
    let program = match &plan.program {
        Program::At(path) => path.clone(),
        Program::InCode(name) => code.join(name),
    };
    let mut command = match &plan.wrapper {
        Some(wrapper) => {
            let mut command = Command::new(wrapper);
            command.arg(&program);
            command
        }
        None => Command::new(&program),
    };
    command.args(&plan.arguments).env_clear().envs(plan.environment.iter().map(|(name, value)| (name, value)));
    if let (Some(entry), Some(runtime)) = (&plan.entry, &plan.runtime) {
        command.arg(place("/var/runtime", runtime).join(entry));
    }
    command.current_dir(code).stdin(Stdio::null()).process_group(0);
    let in_place: Vec<(i32, i32)> = descriptors.iter().map(AsRawFd::as_raw_fd).zip(RUNTIME_DESCRIPTORS).collect();
    let open_files = plan.open_files;
    let exact = plan.wrapper.is_none().then(|| Exec::of(&command)).transpose()?;
    // SAFETY: the process has one thread, so what runs between fork and exec may do what any code may.
    unsafe {
        command.pre_exec(move || {
            prepare(&in_place, open_files)?;
            match &exact {
                Some(exec) => Err(exec.replace_process()),
                None => Ok(()),
            }
        })
    };
    command.spawn()
}

/// A program without the fallback of `execvp`, which hands what is no program to a shell: AWS does not.
struct Exec {
    program: CString,
    arguments: Vec<CString>,
    environment: Vec<CString>,
}

impl Exec {
    fn of(command: &Command) -> io::Result<Self> {
        let text = |text: &OsStr| Ok::<_, io::Error>(CString::new(text.as_bytes())?);
        let program = command.get_program();
        let arguments = std::iter::once(program).chain(command.get_args()).map(text).collect::<Result<_, _>>()?;
        let pairs = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
        let environment = pairs
            .map(|(name, value)| text(&OsString::from_iter([name, OsStr::new("="), value])))
            .collect::<Result<_, _>>()?;
        Ok(Self { program: text(program)?, arguments, environment })
    }

    /// Returns only when it failed.
    fn replace_process(&self) -> io::Error {
        let pointers = |texts: &[CString]| {
            let all = texts.iter().map(|text| text.as_ptr()).chain([std::ptr::null()]);
            all.collect::<Vec<_>>()
        };
        let (arguments, environment) = (pointers(&self.arguments), pointers(&self.environment));
        // SAFETY: both lists end in a null pointer, and all texts live in `self`.
        unsafe { libc::execve(self.program.as_ptr(), arguments.as_ptr(), environment.as_ptr()) };
        io::Error::last_os_error()
    }
}

fn prepare(in_place: &[(i32, i32)], open_files: u64) -> io::Result<()> {
    for (from, to) in in_place {
        // SAFETY: both are numbers of this process's own table; the targets are below every descriptor that is kept.
        if unsafe { libc::dup2(*from, *to) } < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // SAFETY: takes only numbers. After it no program that the function runs gains rights by its file's mode.
    unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(open_files), maximum: Some(open_files) });
    Ok(())
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
