//! Our own paths: health, status, reset, the virtual clock, and the download of a function's code.

use std::sync::Arc;
use std::time::Duration;

use edge::{Internal, InternalError, RawAnswer, RawRoute};
use http::StatusCode;
use kernel::{BoxFuture, VirtualClock};
use serde_json::{Value, json};
use service_lambda::{CodeDoor, CodeRefused};

use super::platform::{Current, Ingredients, Platform};

/// Services that answer, as LocalStack's health names them.
const SERVICES: [&str; 4] = ["iam", "lambda", "logs", "sts"];
const STAGES: [&str; 4] = ["boot", "start", "ready", "shutdown"];

pub struct Paths {
    pub current: Arc<Current>,
    pub ingredients: Arc<Ingredients>,
    /// Set when the server was started with `--virtual-clock`.
    pub virtual_clock: Option<Arc<VirtualClock>>,
    /// What does not change while the server runs: endpoint, data folder, access.
    pub about: Value,
    /// The id of this run of the server.
    pub session: String,
    /// One reset at a time.
    pub resetting: tokio::sync::Mutex<()>,
}

impl Internal for Paths {
    fn health(&self) -> BoxFuture<'_, Value> {
        let services: serde_json::Map<String, Value> =
            SERVICES.iter().map(|name| ((*name).to_owned(), json!("running"))).collect();
        Box::pin(async move {
            json!({ "services": services, "edition": "community", "version": env!("CARGO_PKG_VERSION") })
        })
    }

    fn info(&self) -> BoxFuture<'_, Value> {
        let session = self.session.clone();
        Box::pin(async move {
            json!({
                "version": env!("CARGO_PKG_VERSION"),
                "edition": "community",
                "is_license_activated": false,
                "session_id": session,
                "system": std::env::consts::OS,
                "is_docker": false,
            })
        })
    }

    fn init(&self) -> BoxFuture<'_, Value> {
        Box::pin(async {
            json!({
                "completed": { "BOOT": true, "START": true, "READY": true, "SHUTDOWN": false },
                "scripts": [],
            })
        })
    }

    fn init_stage<'a>(&'a self, stage: &'a str) -> BoxFuture<'a, Option<Value>> {
        let known = STAGES.contains(&stage);
        let completed = stage != "shutdown";
        Box::pin(async move { known.then(|| json!({ "completed": completed, "scripts": [] })) })
    }

    fn status(&self) -> BoxFuture<'_, Value> {
        let mut status = self.about.clone();
        Box::pin(async move {
            let platform = self.current.get();
            status["functions"] = json!(platform.lambda.functions_stored());
            status["environments"] = json!(platform.engine.environments());
            let mut shared: Vec<String> = super::NOT_ISOLATED.map(str::to_owned).into();
            shared.extend(platform.engine.plain_because().map(|why| format!("functions see real paths: {why}")));
            status["not_isolated"] = json!(shared);
            status["now"] = json!(self.ingredients.clock.now().to_string());
            status
        })
    }

    fn reset(&self) -> BoxFuture<'_, Result<Value, InternalError>> {
        Box::pin(async {
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
        })
    }

    fn advance_time(&self, by: Duration) -> BoxFuture<'_, Result<Value, InternalError>> {
        Box::pin(async move {
            let Some(clock) = &self.virtual_clock else {
                let words = "the clock is the real one: start the server with --virtual-clock to move it";
                return Err(InternalError::new(StatusCode::CONFLICT, words));
            };
            Ok(json!({ "now": clock.advance(by).to_string() }))
        })
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
