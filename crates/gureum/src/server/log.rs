//! The server's own log: standard error in the foreground, a bounded file in the background.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// A log file is put aside at this size, in place of the one put aside before. Units: bytes.
const FILE_BYTES_MAX: u64 = 10 * 1024 * 1024;

/// `filter` is the settings' word, e.g. `info` or `edge=debug`; without one only what a human must look at is logged.
pub fn start(filter: Option<&str>, file: Option<&Path>) -> io::Result<()> {
    let filter = EnvFilter::try_new(filter.unwrap_or("warn")).unwrap_or_else(|_| EnvFilter::new("warn"));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_target(true);
    match file {
        Some(path) => lines.with_writer(Rotating::open(path)?).init(),
        None => lines.with_writer(io::stderr).init(),
    }
    Ok(())
}

/// A file that is put aside as `NAME.1` when it is full.
struct Rotating {
    path: PathBuf,
    open: Mutex<(File, u64)>,
}

impl Rotating {
    fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let length = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), open: Mutex::new((file, length)) })
    }
}

impl<'a> MakeWriter<'a> for Rotating {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

impl Write for &Rotating {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.1 >= FILE_BYTES_MAX {
            std::fs::rename(&self.path, self.path.with_extension("log.1"))?;
            *open = (OpenOptions::new().create(true).append(true).open(&self.path)?, 0);
        }
        open.1 += line.len() as u64;
        open.0.write_all(line)?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
