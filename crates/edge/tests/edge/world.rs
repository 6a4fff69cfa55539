//! A whole edge with two services: `echo` (awsJson 1.1) answers who called with what, `lambda` has one REST operation.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use auth::access::{Gate, Key, Keys, Settings};
use edge::{
    Asked, CertificateAuthority, Edge, EdgeOptions, HostFacts, Internal, InternalError, Listener, Listening, Patience,
    RawAnswer, RawRoute,
};
use http::StatusCode;
use kernel::{AccountId, BoxFuture, Caller, Clock, Cx, OsRng, RealClock};
use serde_json::{Value, json};
use tokio::sync::Notify;
use wire::{
    Answer, ApiError, Doc, Endpoint, ErrorStyle, Kind, MEMBER, Member, Model, Operation, OperationId, Protocol,
    ProtocolKind, RequestIdStyle, SHAPE, Service, Shape,
};

const STYLE: ErrorStyle = ErrorStyle {
    namespace: "",
    framework_namespace: "",
    validation_code: "ValidationException",
    validation_namespace: "",
    message_member: "message",
    crc32: false,
    request_id: RequestIdStyle::Uuid,
};

const fn operation(name: &'static str, uri: &'static str, input: Option<u16>, output: Option<u16>) -> Operation {
    Operation {
        name,
        method: "POST",
        uri,
        status: 200,
        input,
        output,
        result_wrapper: "",
        errors: &[],
        host_prefix: "",
        checksum_required: false,
    }
}

static ECHO: Model = Model {
    endpoint: Endpoint {
        service: "echo",
        sdk_id: "Echo",
        api_version: "2026-01-01",
        signing_name: "echo",
        endpoint_prefix: "echo",
        target_prefix: "Echo_20260101",
        protocols: &[
            Protocol { kind: ProtocolKind::AwsJson11, query_compatible: false },
            Protocol { kind: ProtocolKind::AwsQuery, query_compatible: false },
        ],
        xml_namespace: "",
        error_style: STYLE,
    },
    shapes: &[
        Shape { name: "String", kind: Kind::String, ..SHAPE },
        Shape {
            name: "EchoRequest",
            kind: Kind::Structure(&[Member { name: "Text", shape: 0, wire_name: "Text", required: true, ..MEMBER }]),
            ..SHAPE
        },
        Shape {
            name: "EchoResult",
            kind: Kind::Structure(&[
                Member { name: "Text", shape: 0, wire_name: "Text", ..MEMBER },
                Member { name: "Caller", shape: 0, wire_name: "Caller", ..MEMBER },
            ]),
            ..SHAPE
        },
    ],
    operations: &[
        operation("Echo", "/", Some(1), Some(2)),
        operation("Hint", "/", None, None),
        operation("Panic", "/", None, None),
        operation("Wait", "/", None, None),
        operation("Attend", "/", None, None),
    ],
    errors: &[],
    unserved: &["Later"],
};

static LAMBDA: Model = Model {
    endpoint: Endpoint {
        service: "lambda",
        sdk_id: "Lambda",
        api_version: "2015-03-31",
        signing_name: "lambda",
        endpoint_prefix: "lambda",
        target_prefix: "",
        protocols: &[Protocol { kind: ProtocolKind::RestJson1, query_compatible: false }],
        xml_namespace: "",
        error_style: STYLE,
    },
    shapes: &[],
    operations: &[operation("CreateFunction", "/2015-03-31/functions", None, None)],
    errors: &[],
    unserved: &[],
};

struct Lambda;

impl Service for Lambda {
    fn model(&self) -> &'static Model {
        &LAMBDA
    }

    fn call<'a>(&'a self, _: OperationId, _: &'a Cx, _: Doc) -> BoxFuture<'a, Result<Answer, ApiError>> {
        Box::pin(async { Ok(Answer { output: Doc::empty(0), events: None }) })
    }
}

/// What the tests see and steer of the services.
#[derive(Default)]
pub struct Stage {
    pub calls: AtomicUsize,
    /// Woken when `Wait` has begun.
    pub waiting: Notify,
    /// Lets `Wait` go on.
    pub go_on: Notify,
    /// Woken when `Attend` has learned that its client is gone.
    pub abandoned: Notify,
    /// Woken when `Wait` is through.
    pub through: Notify,
}

struct Echo(Arc<Stage>);

impl Service for Echo {
    fn model(&self) -> &'static Model {
        &ECHO
    }

    fn call<'a>(&'a self, id: OperationId, cx: &'a Cx, input: Doc) -> BoxFuture<'a, Result<Answer, ApiError>> {
        Box::pin(async move {
            self.0.calls.fetch_add(1, Ordering::SeqCst);
            let text = match input {
                Doc::Struct(slots) => slots.into_iter().next().flatten(),
                _ => None,
            };
            match ECHO.operation(id).name {
                "Panic" => panic!("as the test wants it"),
                "Hint" => cx.hint("AccessDenied", "no permission\r\nfor that"),
                "Wait" => {
                    self.0.waiting.notify_one();
                    self.0.go_on.notified().await;
                    self.0.through.notify_one();
                }
                "Attend" => {
                    self.0.waiting.notify_one();
                    tokio::select! {
                        biased;
                        () = cx.abandoned() => self.0.abandoned.notify_one(),
                        () = self.0.go_on.notified() => {}
                    }
                }
                _ => {}
            }
            let caller = Some(Doc::Str(cx.caller.arn.clone()));
            Ok(Answer { output: Doc::Struct(vec![text, caller]), events: None })
        })
    }
}

struct TestKeys(BTreeMap<&'static str, Key>);

impl Keys for TestKeys {
    fn lookup(&self, access_key_id: &str) -> Option<Key> {
        self.0.get(access_key_id).cloned()
    }
}

pub const SECRET: &str = "a-secret-of-the-test";
pub const PROXY_TOKEN: &str = "a-token-of-the-test";
pub const USER_KEY: &str = "AKIAUSER000000000000";
pub const SANDBOX_KEY: &str = "ASIASANDBOX000000000";

fn key(name: &str) -> Key {
    let account = AccountId::default();
    let caller = Caller { arn: format!("arn:aws:iam::{account}:user/{name}"), ..Caller::root(&account) };
    Key {
        secret_access_key: SECRET.to_owned(),
        account,
        caller,
        session_token: None,
        expires: None,
        active: true,
        issued_to: None,
    }
}

struct TestInternal(Arc<Stage>);

impl Internal for TestInternal {
    fn answer<'a>(&'a self, asked: Asked, _: &'a Cx) -> BoxFuture<'a, Result<Value, InternalError>> {
        Box::pin(async move {
            match asked {
                Asked::Health => {
                    Ok(json!({ "services": { "echo": "running" }, "edition": "community", "version": "1" }))
                }
                Asked::Info => Ok(json!({ "version": "1" })),
                Asked::Init { stage: None } => Ok(json!({ "completed": { "READY": true } })),
                Asked::Init { stage: Some(stage) } if stage == "ready" => {
                    Ok(json!({ "completed": true, "scripts": [] }))
                }
                Asked::Init { .. } => Err(InternalError::new(StatusCode::NOT_FOUND, "no such stage")),
                Asked::Status => Ok(json!({ "status": "fine" })),
                Asked::Reset | Asked::Session { .. } => {
                    self.0.calls.fetch_add(1, Ordering::SeqCst);
                    Ok(json!({ "reset": true }))
                }
                Asked::AdvanceTime(by) if by.is_zero() => {
                    Err(InternalError::new(StatusCode::CONFLICT, "the clock is not virtual"))
                }
                Asked::AdvanceTime(by) => Ok(json!({ "advanced": by.as_secs() })),
                other => Ok(json!({ "asked": format!("{other:?}") })),
            }
        })
    }
}

struct Zip;

impl RawRoute for Zip {
    fn get<'a>(&'a self, path: &'a str, query: &'a str) -> BoxFuture<'a, Option<RawAnswer>> {
        Box::pin(async move {
            (query == "token=good").then(|| RawAnswer {
                status: StatusCode::OK,
                content_type: "application/zip".to_owned(),
                body: format!("zip of {path}").into(),
            })
        })
    }
}

pub struct World {
    pub edge: Arc<Edge>,
    pub stage: Arc<Stage>,
    pub authority: Arc<CertificateAuthority>,
    _state: tempfile::TempDir,
}

impl World {
    pub fn new(patience: Patience) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(RealClock::default());
        let state = tempfile::tempdir().unwrap();
        let authority = Arc::new(CertificateAuthority::open(state.path(), clock.clone(), Arc::new(OsRng)).unwrap());
        let stage = Arc::new(Stage::default());
        let keys = TestKeys([(USER_KEY, key("user")), (SANDBOX_KEY, key("sandbox"))].into());
        let origins = vec!["https://app.example.com".to_owned()];
        let settings = Settings { origins, proxy_token: Some(PROXY_TOKEN.to_owned()), ..Settings::default() };
        let edge = Edge::new(EdgeOptions {
            services: vec![Arc::new(Echo(stage.clone())), Arc::new(Lambda)],
            gate: Arc::new(Gate::new(settings, Arc::new(keys))),
            internal: Arc::new(TestInternal(stage.clone())),
            raw_routes: vec![("/_gureum/v1/code/".to_owned(), Arc::new(Zip))],
            function_urls: None,
            authority: Some(authority.clone()),
            hosts: HostFacts::default(),
            witness: None,
            patience,
            clock,
            rng: Arc::new(OsRng),
        });
        Self { edge, stage, authority, _state: state }
    }

    /// A world with an open listener.
    pub async fn open() -> (Self, Listening) {
        Self::open_with(Patience::default()).await
    }

    pub async fn open_with(patience: Patience) -> (Self, Listening) {
        let world = Self::new(patience);
        let listening = world.listen(Listener::Open).await;
        (world, listening)
    }

    pub async fn listen(&self, access: Listener) -> Listening {
        self.edge.listen(SocketAddr::from(([127, 0, 0, 1], 0)), access).await.unwrap()
    }

    pub fn calls(&self) -> usize {
        self.stage.calls.load(Ordering::SeqCst)
    }
}

/// Bounds short enough to wait for.
pub fn impatient() -> Patience {
    let short = Duration::from_millis(150);
    Patience { handshake: short, head: short, body: short, tunnel_connect: short, tunnel_idle: short, stop: short }
}
