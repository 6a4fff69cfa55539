//! Finding out whether this host lets a function have a world of its own: by making one.

use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{WaitOptions, waitpid};
use serde::{Deserialize, Serialize};

use super::namespaces::{FunctionNetwork, Side, Step, split};
use super::network::Injected;
use super::plan::World;
use super::warden::{NAME, PROBE};
use super::{privileges, root};

/// What the probing process says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Probed {
    Possible,
    Refused { step: Step, errno: i32, error: String },
}

/// Starts `program` (as for a [launch](super::launch)) to find out. Blocks for some milliseconds.
pub fn probe(program: &Path) -> io::Result<Probed> {
    let mut command = Command::new(program);
    command.arg0(NAME).arg(PROBE).env_clear().current_dir("/");
    let said = command.stdin(Stdio::null()).stderr(Stdio::null()).output()?.stdout;
    Ok(serde_json::from_slice(&said)?)
}

/// The probing process.
pub fn run() -> io::Result<()> {
    let refused = |(step, error): (Step, io::Error)| Probed::Refused {
        step,
        errno: error.raw_os_error().unwrap_or(0),
        error: error.to_string(),
    };
    match split(FunctionNetwork::None) {
        Err(error) => say(&refused((Step::Namespaces, error))),
        Ok(Side::Inside) => match make() {
            Ok(()) => say(&Probed::Possible),
            Err(failed) => say(&refused(failed)),
        },
        Ok(Side::Outside(child)) => {
            match child.release() {
                Ok(pid) => drop(waitpid(Some(pid), WaitOptions::empty())?),
                Err(error) => say(&refused((Step::Users, error)))?,
            }
            Ok(())
        }
    }
}

fn make() -> Result<(), (Step, io::Error)> {
    let world = World {
        network: FunctionNetwork::None,
        // Any folder that is there: what is mounted on it is this process's alone.
        own_ports: Vec::new(),
        stage: "/tmp".into(),
        etc: None,
        layers: Vec::new(),
        storage_mb: 1,
        programs: Vec::new(),
        libraries: Vec::new(),
        hidden: Vec::new(),
    };
    Injected::bind(&[]).map_err(Step::Network.failed())?;
    root::enter(&world, None, None)?;
    privileges::drop_all().map_err(Step::Privileges.failed())
}

fn say(probed: &Probed) -> io::Result<()> {
    io::stdout().write_all(&serde_json::to_vec(probed)?)
}
