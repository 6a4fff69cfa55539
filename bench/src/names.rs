//! What it costs a Node.js program that AWS's names lead to gureum: a connection, the first HTTPS call, the start.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::figure;

const CONNECTIONS: u32 = 2000;
/// Of so many starts the median counts.
const STARTS: usize = 15;

/// Ends a script by telling the CPU time that the whole process took.
const TELL: &str =
    "const tell = () => { const used = process.cpuUsage(); console.log((used.user + used.system) / 1e3); };";
const FIRST_CALL: &str =
    "require('https').get({ host: 'sts.us-east-1.amazonaws.com', rejectUnauthorized: VERIFY }, (answer) => {
    answer.resume(); answer.on('end', () => { tell(); process.exit(); }); });";

pub fn run(endpoint: &str, authority: &Path) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let node = Node::new(folder.path(), endpoint, authority)?;
    node.connections()?;

    let verified = FIRST_CALL.replace("VERIFY", "true");
    // Nobody's roots sign a certificate of ours: Node reads them all the same, and then does not look.
    let unverified = FIRST_CALL.replace("VERIFY", "false");
    let [ours, own] = node.cpu_ms(&verified, &unverified)?;
    let measured = format!("{ours:.0} ms, with Node's roots {own:.0} ms");
    figure("start and first HTTPS call of Node, CPU", &measured, "no dearer than with Node's own roots");

    let [trusting, plain] = node.cpu_ms("tell();", "tell();")?;
    let measured = format!("{trusting:.1} ms, without {plain:.1} ms");
    figure("start of a Node that trusts our authority, CPU", &measured, "no more than without");
    Ok(())
}

struct Node {
    turn: PathBuf,
    script: PathBuf,
    address: String,
    authority: String,
}

impl Node {
    fn new(folder: &Path, endpoint: &str, authority: &Path) -> Result<Self> {
        let (turn, script) = (folder.join("turn.cjs"), folder.join("turned.cjs"));
        std::fs::write(&turn, runtime::bootstraps::TURN_NODEJS)?;
        std::fs::write(&script, include_str!("turned.cjs"))?;
        let address = endpoint.strip_prefix("http://").context("the endpoint is an address")?.to_owned();
        let authority = std::fs::read_to_string(authority).with_context(|| authority.display().to_string())?;
        Ok(Self { turn, script, address, authority })
    }

    fn command(&self) -> Command {
        let mut node = Command::new("node");
        // What this machine adds to every Node, functions do not get.
        node.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        node.env("GUREUM_TURN", &self.address);
        node
    }

    fn connections(&self) -> Result<()> {
        let port = self.address.rsplit(':').next().unwrap_or_default();
        let mut node = self.command();
        node.arg("--require").arg(&self.turn).arg(&self.script).args([port, &CONNECTIONS.to_string()]);
        let medians: [f64; 2] = serde_json::from_value(output(node)?)?;
        let [direct, turned] = medians;
        let measured = format!("{:+.0} µs ({turned:.0}, direct {direct:.0})", turned - direct);
        figure("a connection of Node to a turned name, p50", &measured, "≤ 50 µs over a direct one");
        Ok(())
    }

    /// Medians, taken in turn: of a Node that trusts our authority as functions do, and of one with its own roots only.
    fn cpu_ms(&self, trusting: &str, by_itself: &str) -> Result<[f64; 2]> {
        let mut times = [Vec::new(), Vec::new()];
        for _ in 0..STARTS {
            let mut node = self.command();
            node.arg("--use-openssl-ca").env("GUREUM_CA", &self.authority);
            times[0].push(self.cpu_of(node, trusting)?);
            times[1].push(self.cpu_of(self.command(), by_itself)?);
        }
        times.iter_mut().for_each(|times| times.sort_by(f64::total_cmp));
        Ok(times.map(|times| times[STARTS / 2]))
    }

    fn cpu_of(&self, mut node: Command, script: &str) -> Result<f64> {
        node.arg("--require").arg(&self.turn).args(["--eval", &format!("{TELL} {script}")]);
        output(node)?.as_f64().context("a time")
    }
}

fn output(mut command: Command) -> Result<Value> {
    let done = command.output()?;
    ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    Ok(serde_json::from_slice(&done.stdout)?)
}
