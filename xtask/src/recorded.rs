//! Replays answers recorded from real AWS, where they lie beside the checkout, against the real binary: a case of
//! `golden/recorded-exact.txt` that is no longer exact fails the run. The list may only grow.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::{ci, clients};

/// What is replayed together.
struct Run {
    groups: &'static [&'static str],
    /// Seconds that the replay waits for what an answer promises.
    settle: &'static str,
    /// What of ours runs the replay, where it cannot judge by itself.
    through: Option<&'static str>,
    /// Part of the names of the cases; empty for all.
    case: &'static str,
}

const RUNS: [Run; 4] = [
    // It asks for what the whole account has left: others must not hold any of it.
    Run { groups: &["lambda_api"], settle: "5", through: None, case: "test_provisioned_concurrency_limits" },
    Run {
        groups: &["sts", "iam", "logs", "lambda_api", "lambda_invoke", "lambda_runtimes", "sqs"],
        settle: "5",
        through: None,
        case: "",
    },
    // Its waits are for alarms only.
    Run { groups: &["cloudwatch"], settle: "1", through: None, case: "" },
    Run { groups: &["lambda_esm"], settle: "20", through: Some("tests/recorded/replay_mappings.py"), case: "" },
];

pub fn check(root: &Path) -> Result<()> {
    let recorded = root.join("../shared/recorded");
    if !recorded.join("replay.py").exists() {
        println!("recorded: left out");
        return Ok(());
    }
    let expected = root.join("golden/recorded-exact.txt");
    let exact = replay(root, &recorded)?;
    let listed = fs::read_to_string(&expected).unwrap_or_default();
    let listed: BTreeSet<&str> = listed.lines().filter(|l| !l.is_empty() && !l.starts_with('#')).collect();
    let lost: Vec<_> = listed.iter().filter(|case| !exact.contains(**case)).collect();
    let gained: Vec<_> = exact.iter().filter(|case| !listed.contains(case.as_str())).collect();
    println!("recorded: {} exact, {} listed, {} not listed yet", exact.len(), listed.len(), gained.len());
    for case in &gained {
        println!("  not listed yet: {case}");
    }
    if lost.is_empty() { Ok(()) } else { bail!("cases of golden/recorded-exact.txt that were lost:\n  {lost:?}") }
}

/// Runs every group on a fresh server and answers the ids of the exact cases.
fn replay(root: &Path, recorded: &Path) -> Result<BTreeSet<String>> {
    let clients = clients::install(root)?;
    let folder = std::env::temp_dir().join(format!("gureum-recorded-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let list = folder.join("exact.txt");
    let (mut server, endpoint) = start(root, &folder)?;
    let mut exact = BTreeSet::new();
    for Run { groups, settle, through, case } in RUNS {
        let mut replay = Command::new(&clients.python);
        match through {
            Some(ours) => replay.arg(root.join(ours)).arg(recorded),
            None => replay.arg(recorded.join("replay.py")),
        };
        let done = replay
            .args(["--endpoint", &endpoint, "--jobs", "2", "--settle", settle, "--case", case, "--write-expected"])
            .arg(&list)
            .arg("--group")
            .args(groups)
            .stdout(Stdio::null())
            .status();
        done?;
        let lines = fs::read_to_string(&list).context("the replay wrote no list")?;
        exact.extend(lines.lines().filter(|l| !l.is_empty() && !l.starts_with('#')).map(str::to_owned));
    }
    server.kill()?;
    server.wait()?;
    fs::remove_dir_all(&folder)?;
    Ok(exact)
}

/// What the account of the recordings had left: one case asks for one more than that.
const ACCOUNT_CONCURRENCY: &str = "573";

fn start(root: &Path, folder: &Path) -> Result<(Child, String)> {
    let mut server = Command::new(ci::target(root).join("debug/gureum"))
        .args(["up", "--port", "0", "--data"])
        .arg(folder.join("data"))
        .args(["--account-concurrency", ACCOUNT_CONCURRENCY])
        .env("XDG_STATE_HOME", folder.join("state"))
        .env("GUREUM_LANG", "en")
        .stdout(Stdio::piped())
        .spawn()?;
    let mut lines = BufReader::new(server.stdout.take().context("the server's output is a pipe")?).lines();
    let mut endpoint = String::new();
    for line in lines.by_ref() {
        let line = line?;
        if let Some(at) = line.find("http://").filter(|_| line.contains("Endpoint")) {
            endpoint = line[at..].split_whitespace().next().unwrap_or_default().to_owned();
        }
        if line.trim() == "Ready." {
            // The rest of the output must not fill the pipe.
            std::thread::spawn(move || lines.for_each(drop));
            return Ok((server, endpoint));
        }
    }
    bail!("the server ended before it was ready")
}
