//! Bytes ↔ values for every AWS protocol, driven by the tables that `cargo xtask gen` makes from `models/`.
//!
//! One hand-written runtime serves every service: a codec turns a body into a [`Doc`] by the tables, `validate` checks it in
//! AWS's wording, the generated code moves it into typed structs, and the answer goes the same way back.
//! Only this room writes error bodies. What does not belong here: routing (edge), signatures (auth), what an operation does.

mod body;
mod budget;
mod cbor;
mod data_plane;
mod decode;
mod doc;
mod error;
mod event_stream;
mod form;
#[doc(hidden)]
pub mod fuzz;
mod json;
pub mod limits;
mod malformed;
mod query;
mod reply;
mod rest;
mod route;
#[doc(hidden)]
pub mod sample;
mod scalar;
mod schema;
mod service;
mod shaped;
mod validate;
mod xml;

pub use body::Body;
pub use data_plane::{DATA_PLANE_BODY_BYTES_MAX, DataPlane, PlaneRequest, Senders};
pub use decode::decode;
pub use doc::Doc;
pub use error::{ApiError, ErrorClass, ErrorFacts, Fault};
pub use reply::{encode, encode_error};
pub use route::{find_operation, query_action};
pub use schema::{
    Endpoint, ErrorStyle, EventPlace, Kind, Location, MEMBER, Member, Model, Operation, OperationId, Protocol,
    ProtocolKind, RequestIdStyle, SHAPE, Shape, ShapeId, TimestampFormat,
};
pub use service::{Answer, Events, Late, Service};
pub use shaped::{EnumValue, Map, NoValue, Shaped};

pub use bytes::Bytes;
pub use kernel::{BoxFuture, Cx, Timestamp};
pub use serde_json::Value as Json;
