//! Starting the runtime's program.

use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};

use super::plan::{Plan, Program};

/// Where the runtime finds its pipes: events, answers, telemetry.
const RUNTIME_DESCRIPTORS: [i32; 3] = [3, 4, 5];
/// Above everything that a runtime expects, so that putting descriptors in place overwrites none.
pub const ASIDE: i32 = 20;

/// Starts it as a child of this process, in this process's world.
pub fn start(plan: &Plan, descriptors: &[OwnedFd]) -> io::Result<Child> {
    let has_world = plan.world.is_some();
    let place = |inside: &str, outside: &Path| if has_world { PathBuf::from(inside) } else { outside.to_owned() };
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
