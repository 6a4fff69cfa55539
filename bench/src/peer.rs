//! A peer in the same run: ministack, of PyPI, which keeps its queues in memory. It is a server like any other to us.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::client::Client;
use crate::figure;
use crate::queues::{self, CLIENTS, Cycles};

const START_MAX: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(20);

/// The same cycles by the same client, and how many times as many ours were.
/// Shape: `folder` is the environment of Python that it was installed in.
pub async fn beside(folder: &Path, ours: &Cycles) -> Result<()> {
    let peer = Peer::start(folder)?;
    let theirs = queues::cycles(&Client::new(&peer.endpoint), "many").await?;
    figure(&format!("ministack, in memory, by {CLIENTS} clients"), &format!("{:.0}/s", theirs.per_second()), "");
    let times = ours.per_second() / theirs.per_second();
    figure("gureum, durable, does so many times as many", &format!("{times:.1}"), "≥ 10");
    Ok(())
}

struct Peer {
    process: Child,
    endpoint: String,
}

impl Peer {
    fn start(folder: &Path) -> Result<Self> {
        let address = free_address()?;
        // Its own command listens on every address of the machine; this is the same program, on loopback alone.
        let mut process = Command::new(folder.join("bin/hypercorn"))
            .args(["--bind", &address.to_string(), "ministack.app:app"])
            .env("GATEWAY_PORT", address.port().to_string())
            .env("LOG_LEVEL", "ERROR")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            if began.elapsed() > START_MAX || process.try_wait()?.is_some() {
                bail!("ministack did not start");
            }
            std::thread::sleep(LOOK);
        }
        Ok(Self { process, endpoint: format!("http://{address}") })
    }
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Asked, not killed: it has a process of its own to end.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}
