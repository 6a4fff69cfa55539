//! Crashing a writer on purpose: what the kill test and the power-cut test share.
//!
//! A writer process has 64 requests open all the time. It says on its standard output what it begins and what was
//! acknowledged; the parent ends it in the middle, and compares what it was told with what is there afterwards.
#![allow(dead_code)] // Each program uses its own part.

pub mod power;
pub mod verify;
pub mod writer;

use std::error::Error;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use kernel::{OsRng, Rng};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

pub type Outcome<T> = Result<T, Box<dyn Error>>;

/// Acknowledged requests before a crash: at least this many, and up to as many again.
const ACKNOWLEDGED_MIN: u32 = 300;

/// One request: which of the writers, and its number.
pub type Request = (u64, u64);

/// What a writer said until it was ended.
#[derive(Default)]
pub struct Told {
    pub begun: usize,
    pub durable: Vec<Request>,
    pub written: Vec<Request>,
    /// How far the journal was synced, where the writer was asked to tell.
    pub synced_bytes: Option<(String, u64)>,
}

impl Told {
    fn hear(&mut self, line: &str) -> Outcome<()> {
        let mut words = line.split_whitespace();
        let kind = words.next().ok_or("an empty line")?;
        let (first, second) = (words.next().ok_or("a short line")?, words.next().ok_or("a short line")?);
        match kind {
            "begun" => self.begun += 1,
            "durable" => self.durable.push((first.parse()?, second.parse()?)),
            "written" => self.written.push((first.parse()?, second.parse()?)),
            "synced" => self.synced_bytes = Some((first.to_owned(), second.parse()?)),
            _ => return Err(format!("the writer said {line:?}").into()),
        }
        Ok(())
    }

    pub fn acknowledged(&self) -> usize {
        self.durable.len() + self.written.len()
    }

    pub fn open_requests(&self) -> usize {
        self.begun - self.acknowledged()
    }
}

pub struct Writer {
    child: Child,
    output: BufReader<ChildStdout>,
    pub told: Told,
}

impl Writer {
    /// Starts this program again as a writer. Its requests are numbered from `first`.
    pub fn start(dir: &Path, first: u64, options: &[&str]) -> Outcome<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("writer")
            .arg(dir)
            .arg(first.to_string())
            .args(options)
            .stdout(Stdio::piped())
            .stderr(if options.contains(&"--fail-sync") { Stdio::piped() } else { Stdio::inherit() })
            .spawn()?;
        let output = BufReader::new(child.stdout.take().ok_or("the writer has no output")?);
        Ok(Self { child, output, told: Told::default() })
    }

    /// Listens until a number of requests that nobody could foresee was acknowledged.
    pub fn listen(&mut self) -> Outcome<()> {
        let rng: &dyn Rng = &OsRng;
        let enough = (ACKNOWLEDGED_MIN + rng.below(ACKNOWLEDGED_MIN)) as usize;
        while self.told.acknowledged() < enough {
            if !self.hear_line()? {
                return Err("the writer ended by itself".into());
            }
        }
        Ok(())
    }

    /// Stops it in its tracks; it does not run again.
    pub fn freeze(&mut self) -> Outcome<()> {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::STOP)?;
        waitpid(Some(pid), WaitOptions::UNTRACED)?;
        Ok(())
    }

    /// `kill -9`, and then everything that it had still said.
    pub fn kill(&mut self) -> Outcome<()> {
        self.child.kill()?;
        self.child.wait()?;
        while self.hear_line()? {}
        Ok(())
    }

    /// Waits until it ends by itself. Answers its exit code and its last words.
    pub fn end(&mut self) -> Outcome<(Option<i32>, String)> {
        while self.hear_line()? {}
        let code = self.child.wait()?.code();
        let mut words = String::new();
        self.child.stderr.take().ok_or("nobody listened")?.read_to_string(&mut words)?;
        Ok((code, words))
    }

    /// False at the end. A last line without its end was cut off by the crash and counts as not said.
    fn hear_line(&mut self) -> Outcome<bool> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        if line.ends_with('\n') {
            self.told.hear(&line)?;
        }
        Ok(!line.is_empty())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a number of crashes did.
#[derive(Default, Debug)]
pub struct Report {
    pub rounds: u64,
    pub rounds_with_open_requests: u64,
    pub acknowledged: usize,
    pub lost: usize,
    pub torn: usize,
}

impl Report {
    pub fn add(&mut self, told: &Told, found: &verify::Found) {
        self.rounds += 1;
        self.rounds_with_open_requests += u64::from(told.open_requests() > 0);
        self.acknowledged += told.acknowledged();
        self.lost += found.lost;
        self.torn += found.torn;
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} rounds, {} with requests open, {} acknowledged, {} lost, {} torn",
            self.rounds, self.rounds_with_open_requests, self.acknowledged, self.lost, self.torn
        )
    }
}

/// Numbers of a round's requests begin here, so that no two rounds share one.
pub fn first_of_round(round: u64) -> u64 {
    round * 1_000_000
}

/// Kills a writer over and over, always in the same folder.
pub fn kill_rounds(rounds: u64) -> Outcome<Report> {
    let dir = tempfile::tempdir()?;
    let mut report = Report::default();
    let mut acknowledged = Vec::new();
    for round in 0..rounds {
        let mut writer = Writer::start(dir.path(), first_of_round(round), &[])?;
        writer.listen()?;
        writer.kill()?;
        acknowledged.extend(writer.told.durable.iter().chain(&writer.told.written));
        let found = verify::verify(dir.path(), &acknowledged)?;
        report.add(&writer.told, &found);
    }
    Ok(report)
}
