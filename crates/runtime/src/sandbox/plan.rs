//! What server and warden tell each other.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::namespaces::{FunctionNetwork, Step};

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
    /// Seen as /var/task where there is a world.
    pub code: PathBuf,
    /// Seen as /var/runtime there.
    pub runtime: Option<PathBuf>,
    /// What the process sees instead of the host; `None` for a plain process on real paths.
    pub world: Option<World>,
    /// Limit of open files.
    pub open_files: u64,
}

/// A world of a function's own.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct World {
    pub network: FunctionNetwork,
    /// Ports of the server that are served in a network of the world's own besides AWS's.
    pub own_ports: Vec<u16>,
    /// An empty folder of this environment's own, where the root is put together.
    pub stage: PathBuf,
    /// Becomes /etc.
    pub etc: Option<PathBuf>,
    /// Become /opt together; a later one covers an earlier one.
    pub layers: Vec<PathBuf>,
    /// Size of /tmp.
    pub storage_mb: u32,
    /// What lies in /var/lang/bin.
    pub programs: Vec<(String, Entry)>,
    /// What lies in /var/lang/lib.
    pub libraries: Vec<(String, Entry)>,
    /// Folders below /var/lang/lib that are seen empty: what somebody installed for himself.
    pub hidden: Vec<PathBuf>,
}

/// How a thing of the host's is seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Entry {
    /// The file or folder itself, read-only.
    Is(PathBuf),
    /// A link to a path that is there inside too.
    Link(PathBuf),
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
    /// `pid` is of the warden's own pid namespace.
    Started { pid: u32 },
    /// Comes with the descriptors of the listeners of a network of its own.
    Listening,
    /// The world could not be made; nothing was started.
    NoWorld { step: Step, errno: i32, error: String },
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
