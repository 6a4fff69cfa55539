//! What server and warden tell each other.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What a warden is to start.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    pub program: Program,
    /// Started instead of the program, which it gets as its first argument.
    pub wrapper: Option<String>,
    pub arguments: Vec<String>,
    /// A file of the runtime's folder that stands after the arguments.
    pub entry: Option<String>,
    /// The whole environment; nothing of the server's is added.
    pub environment: Vec<(String, String)>,
    /// Whether the next three are to be seen under AWS's names, by mounts of the process's own.
    pub private_mounts: bool,
    /// Seen as /var/task.
    pub code: PathBuf,
    /// Seen as /var/runtime.
    pub runtime: Option<PathBuf>,
    /// Seen as /tmp.
    pub tmp: PathBuf,
    /// An empty folder of this environment's own, where its /var is put together.
    pub stage: PathBuf,
    /// Programs seen in /var/lang/bin.
    pub tools: Vec<(String, PathBuf)>,
    /// Limit of open files.
    pub open_files: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Program {
    At(PathBuf),
    /// A file of the code.
    InCode(String),
}

/// What a warden tells, one line of JSON each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Report {
    /// `plain` says why there is no private /var/task and /tmp, when there is none.
    Started { pid: u32, plain: Option<String> },
    /// The program could not be executed; `errno` says why.
    NotExecutable { errno: i32 },
    /// `peak_kilobytes` is the most that one process held.
    Exited { exit: Exit, peak_kilobytes: u64 },
}

/// How the runtime's process ended.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Exit {
    Status(i32),
    Signal(i32),
}

impl std::fmt::Display for Exit {
    /// AWS's words after `RequestId: … Error: `. Source: recorded answers of handlers that exit.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Status(0) => f.write_str("Runtime exited without providing a reason"),
            Self::Status(status) => write!(f, "Runtime exited with error: exit status {status}"),
            Self::Signal(signal) => write!(f, "Runtime exited with error: signal: {}", signal_name(*signal)),
        }
    }
}

fn signal_name(signal: i32) -> String {
    let name = match signal {
        1 => "hangup",
        2 => "interrupt",
        3 => "quit",
        4 => "illegal instruction",
        5 => "trace/breakpoint trap",
        6 => "aborted",
        7 => "bus error",
        8 => "floating point exception",
        9 => "killed",
        10 => "user defined signal 1",
        11 => "segmentation fault",
        12 => "user defined signal 2",
        13 => "broken pipe",
        14 => "alarm clock",
        15 => "terminated",
        other => return format!("signal {other}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exits_are_told_in_aws_words() {
        assert_eq!(Exit::Status(0).to_string(), "Runtime exited without providing a reason");
        assert_eq!(Exit::Status(127).to_string(), "Runtime exited with error: exit status 127");
        assert_eq!(Exit::Signal(9).to_string(), "Runtime exited with error: signal: killed");
    }
}
