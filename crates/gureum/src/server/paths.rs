//! Our own paths: LocalStack's health and kin, status, reset, the virtual clock, and the download of a function's code.

use std::sync::Arc;
use std::time::Duration;

use config::Settings;
use edge::{Asked, Explained, Internal, InternalError, RawAnswer, RawRoute};
use http::StatusCode;
use kernel::{Access, BoxFuture, Clock, Cx, VirtualClock};
use serde_json::{Value, json};
use service_lambda::{CodeDoor, CodeRefused};
use telemetry::About;
use tokio::sync::watch;
use wire::{DataPlane, PlaneRequest};

use super::Ending;
use super::init::{InitScripts, Stage};
use super::localstack::{self, Remembered};
use super::platform::{Current, Ingredients, Platform};
use super::queues;
use crate::explain::explain;
use crate::text::Language;

pub struct Paths {
    pub current: Arc<Current>,
    pub ingredients: Arc<Ingredients>,
    pub settings: Settings,
    /// Set when the server was started with `--virtual-clock`.
    pub virtual_clock: Option<Arc<VirtualClock>>,
    /// Real time since the start.
    pub started: Arc<dyn Clock>,
    /// What does not change while the server runs: endpoint, data folder, access.
    pub about: Value,
    /// The id of this run of the server.
    pub session: String,
    pub init: Arc<InitScripts>,
    pub remembered: Remembered,
    /// One reset at a time.
    pub resetting: tokio::sync::Mutex<()>,
    /// Where the server's end is asked for.
    pub ending: watch::Sender<Option<Ending>>,
}

impl Internal for Paths {
    fn answer<'a>(&'a self, asked: Asked, caller: &'a Cx) -> BoxFuture<'a, Result<Value, InternalError>> {
        Box::pin(async move {
            match asked {
                Asked::Health => Ok(self.remembered.shown_with(self.health())),
                Asked::Session { restart } => {
                    tracing::info!(caller = %caller.caller, restart, "told to end");
                    self.ending.send_replace(Some(if restart { Ending::Restart } else { Ending::Stop }));
                    Ok(json!({ "status": if restart { "restarting" } else { "stopping" } }))
                }
                Asked::RememberInHealth(value) => self.remembered.remember(value),
                Asked::Info => Ok(self.info()),
                Asked::Init { stage: None } => Ok(self.init.to_json()),
                Asked::Init { stage: Some(name) } => {
                    let stage = Stage::parse(&name).ok_or_else(|| {
                        InternalError::new(StatusCode::NOT_FOUND, format!("no such stage {}", name.to_uppercase()))
                    })?;
                    Ok(self.init.stage_to_json(stage))
                }
                Asked::Config => Ok(localstack::config(&self.settings)),
                Asked::Diagnose => Ok(self.diagnose()),
                // LocalStack lists its Python plugins here, by namespace. There are none.
                Asked::Plugins => Ok(json!({})),
                Asked::LambdaRuntimes { filter } => localstack::lambda_runtimes(filter.as_deref()),
                Asked::RawMetrics => {
                    let only = (caller.access == Access::Strict).then_some(&caller.account);
                    let raw = self.current.get().cloudwatch.raw(only);
                    raw.map_err(|error| InternalError::new(StatusCode::INTERNAL_SERVER_ERROR, error))
                }
                Asked::Status => Ok(self.status()),
                Asked::Explain { what, language } => self.explain(what, language.as_deref(), caller).await,
                Asked::QueueMessages { queue, limit } => {
                    let sqs = self.current.get().sqs.clone();
                    queues::messages(&sqs, caller, &queue, limit).await
                }
                Asked::QueueMessagesAsReceived { queue_url, region, with_hidden, with_delayed, as_json } => {
                    let sqs = self.current.get().sqs.clone();
                    let (queue_url, region) = (queue_url.as_str(), region.as_deref());
                    let asked = queues::AsReceived { queue_url, region, with_hidden, with_delayed, as_json };
                    queues::as_received(&sqs, caller, asked).await
                }
                Asked::Reset => {
                    tracing::info!(caller = %caller.caller, "reset");
                    self.reset().await
                }
                Asked::AdvanceTime(by) => self.advance_time(by),
            }
        })
    }
}

impl Paths {
    fn health(&self) -> Value {
        let services: serde_json::Map<String, Value> = self
            .current
            .services_used()
            .map(|(name, used)| {
                let state = if used || self.settings.localstack.eager { "running" } else { "available" };
                (name.to_owned(), json!(state))
            })
            .collect();
        json!({ "services": services, "edition": "community", "version": env!("CARGO_PKG_VERSION") })
    }

    fn info(&self) -> Value {
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "edition": "community",
            "is_license_activated": false,
            "session_id": self.session,
            // LocalStack tells its installations apart by this; here nobody counts them.
            "machine_id": "gureum",
            "system": std::env::consts::OS,
            "is_docker": false,
            "server_time_utc": self.ingredients.clock.wall().iso8601(),
            "uptime": self.started.monotonic().as_secs(),
        })
    }

    fn diagnose(&self) -> Value {
        let kernel = std::fs::read_to_string("/proc/version").unwrap_or_default();
        json!({
            "version": {
                "host": { "kernel": kernel.trim_end() },
                "image-version": { "id": "", "sha256": "", "tag": "", "created": "" },
                "localstack-version": { "build-date": null, "build-git-hash": null, "build-version": env!("CARGO_PKG_VERSION") },
            },
            "info": self.info(),
            "services": self.health()["services"],
            "config": localstack::config(&self.settings),
            "status": self.status(),
            "init": self.init.to_json(),
            // What belongs to containers: there are none.
            "docker-inspect": {},
            "docker-dependent-image-hosts": {},
            "file-tree": {},
            "important-endpoints": {},
            "logs": { "docker": "" },
            "usage": {},
        })
    }

    fn status(&self) -> Value {
        let mut status = self.about.clone();
        let platform = self.current.get();
        status["functions"] = json!(platform.lambda.functions_stored());
        status["queues"] = json!(platform.sqs.queues_stored());
        status["environments"] = json!(platform.engine.environments());
        status["syncs"] = json!(self.ingredients.store.syncs());
        status["failures"] = self.ingredients.failures.to_json();
        status["now"] = json!(self.ingredients.clock.now().to_string());
        status
    }

    /// From facts of the caller's own account and region.
    async fn explain(&self, what: Explained, language: Option<&str>, caller: &Cx) -> Result<Value, InternalError> {
        let language = match language {
            Some("ko") => Language::Korean,
            Some(_) => Language::English,
            None => Language::spoken(),
        };
        let facts = self.current.get().facts.clone();
        let (account, region) = (&caller.account, &caller.region);
        let story = match what {
            Explained::Request(id) => facts.about(account, region, About::Request(id)).await.map(Some),
            Explained::Message(id) => facts.about(account, region, About::Message(id)).await.map(Some),
            Explained::Last => facts.last(account, region).await,
        };
        let story = story.map_err(|error| {
            tracing::error!(%error, "facts could not be read");
            InternalError::new(StatusCode::INTERNAL_SERVER_ERROR, "the record of facts could not be read")
        })?;
        let explanation = story.as_ref().map(|story| explain(story, language)).unwrap_or_default();
        let about = story.as_ref().map(|story| match &story.about {
            About::Request(id) => json!({ "request": id }),
            About::Message(id) => json!({ "message": id }),
        });
        Ok(json!({
            "about": about,
            "explanation": explanation.sentences,
            "advice": explanation.advice,
            "facts": story.map(|story| story.facts).unwrap_or_default(),
            // Lost since the start, because more came than could be written.
            "dropped": facts.dropped(),
        }))
    }

    async fn reset(&self) -> Result<Value, InternalError> {
        let failed = |cause: String| {
            tracing::error!(%cause, "reset failed");
            InternalError::new(StatusCode::INTERNAL_SERVER_ERROR, format!("the reset failed: {cause}"))
        };
        let _one = self.resetting.lock().await;
        self.current.get().stop().await;
        self.ingredients.store.clear().await.map_err(|cause| failed(cause.to_string()))?;
        let fresh = Platform::new(&self.ingredients).map_err(|cause| failed(format!("{cause:#}")))?;
        drop(self.current.replace(fresh));
        Ok(json!({ "reset": true }))
    }

    fn advance_time(&self, by: Duration) -> Result<Value, InternalError> {
        let Some(clock) = &self.virtual_clock else {
            let words = "the clock is the real one: start the server with --virtual-clock to move it";
            return Err(InternalError::new(StatusCode::CONFLICT, words));
        };
        Ok(json!({ "now": clock.advance(by).to_string() }))
    }
}

/// `GET /_gureum/v1/code/…`: what GetFunction's Code.Location points to.
pub struct CodeDownloads(pub Arc<Current>);

impl RawRoute for CodeDownloads {
    fn get<'a>(&'a self, path: &'a str, query: &'a str) -> BoxFuture<'a, Option<RawAnswer>> {
        let asked = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
        Box::pin(async move {
            let lambda = self.0.get().lambda.clone();
            match lambda.fetch(&asked).await {
                Ok(body) => {
                    Some(RawAnswer { status: StatusCode::OK, content_type: "application/zip".to_owned(), body })
                }
                Err(CodeRefused::NotFound) => None,
                Err(CodeRefused::Forbidden) => Some(RawAnswer {
                    status: StatusCode::FORBIDDEN,
                    content_type: "text/plain".to_owned(),
                    body: "the address is not signed by this server, or no longer valid".into(),
                }),
            }
        })
    }
}

/// `{id}.lambda-url.…`: functions behind URLs, of whichever platform is there when one is called.
pub struct FunctionUrls(pub Arc<Current>);

impl DataPlane for FunctionUrls {
    fn serve<'a>(&'a self, id: &'a str, request: PlaneRequest<'a>) -> BoxFuture<'a, http::Response<wire::Body>> {
        Box::pin(async move {
            let lambda = self.0.get().lambda.clone();
            lambda.serve(id, request).await
        })
    }
}
