//! Fetching runtimes in the background, once however many ask.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::table::{self, Runtime};
use super::{Absent, Runtimes, install};

/// How a runtime stands that somebody has asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It runs, or nobody has asked for it yet.
    Ready,
    Fetching,
    /// The last attempt failed: why, in words.
    Failed(String),
}

type Ended = Option<Result<(), String>>;

/// What is being fetched, and what could not be.
#[derive(Default)]
pub struct Fetching {
    attempts: Mutex<HashMap<&'static str, watch::Receiver<Ended>>>,
}

impl Fetching {
    pub fn readiness(&self, runtime: &str) -> Readiness {
        let attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(attempt) = attempts.get(runtime) else { return Readiness::Ready };
        match &*attempt.borrow() {
            None => Readiness::Fetching,
            Some(Ok(())) => Readiness::Ready,
            Some(Err(reason)) => Readiness::Failed(reason.clone()),
        }
    }

    /// Finds out in the background what is missing of a runtime and fetches it, unless somebody does that already; an
    /// attempt that failed is made again. `None`: the runtime is there.
    pub fn begin(&self, runtimes: &Arc<Runtimes>, runtime: &str) -> Result<Option<watch::Receiver<Ended>>, String> {
        let entry = table::find(runtime)?;
        if runtimes.known(entry.name).is_some() {
            return Ok(None);
        }
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(attempt) = attempts.get(entry.name).filter(|attempt| attempt.borrow().is_none()) {
            return Ok(Some(attempt.clone()));
        }
        let (tell, ended) = watch::channel(None);
        attempts.insert(entry.name, ended.clone());
        let runtimes = runtimes.clone();
        // Interpreters are asked for their versions, npm and pip for packages.
        tokio::task::spawn_blocking(move || {
            let done = match runtimes.look(entry) {
                Ok(_) => Ok(()),
                Err(Absent::Impossible(reason)) => Err(reason),
                Err(Absent::NotInstalled) => fetch(&runtimes, entry),
            };
            tell.send_replace(Some(done));
        });
        Ok(Some(ended))
    }
}

fn fetch(runtimes: &Runtimes, entry: &'static Runtime) -> Result<(), String> {
    let told = |step| tracing::info!(runtime = entry.name, ?step, "a function needs a runtime");
    let done = install(entry.name, &runtimes.dir, &runtimes.search_path, told);
    done.map_err(|error| {
        tracing::warn!(runtime = entry.name, %error, "a runtime cannot be fetched");
        error.to_string()
    })
}

/// Waits for an attempt's end.
pub async fn ended(mut attempt: watch::Receiver<Ended>) -> Result<(), String> {
    match attempt.wait_for(Option::is_some).await.map(|ended| ended.clone()) {
        Ok(Some(ended)) => ended,
        _ => Err("fetching it was broken off".to_owned()),
    }
}
