//! The door to wire: which operation, its input, its answer.

use bytes::Bytes;
use http::Response;
use wire::{Answer, ApiError, Doc, Model, OperationId, ProtocolKind};

use crate::outgoing::Outgoing;
use crate::serve::Exchange;

pub(crate) fn find_operation(
    model: &'static Model,
    _protocol: ProtocolKind,
    _exchange: &Exchange,
    _body: &Bytes,
) -> Result<OperationId, ApiError> {
    Err(ApiError::not_implemented(model.endpoint.service, "until wire has codecs"))
}

pub(crate) fn decode(
    model: &'static Model,
    _protocol: ProtocolKind,
    _operation: OperationId,
    _exchange: &Exchange,
    _body: Bytes,
) -> Result<Doc, ApiError> {
    Err(ApiError::not_implemented(model.endpoint.service, "until wire has codecs"))
}

pub(crate) fn encode(
    model: &'static Model,
    protocol: ProtocolKind,
    _operation: OperationId,
    _answer: Answer,
    exchange: &Exchange,
) -> Response<Outgoing> {
    let error = ApiError::not_implemented(model.endpoint.service, "until wire has codecs");
    encode_error(Some(model), protocol, &error, exchange)
}

pub(crate) fn encode_error(
    _model: Option<&'static Model>,
    _protocol: ProtocolKind,
    error: &ApiError,
    _exchange: &Exchange,
) -> Response<Outgoing> {
    let body = serde_json::json!({ "__type": error.name(), "message": error.message });
    let status = http::StatusCode::from_u16(error.status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    crate::serve::json_answer(status, &body)
}
