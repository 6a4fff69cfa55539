//! A request to somebody's application. What a page of another site may do there is the application's business (CORS).

use std::sync::{Mutex, PoisonError};

use auth::access::{Call, RefusalStyle};
use bytes::Bytes;
use http::Response;
use hyper::body::Incoming;
use kernel::Cx;
use tracing::Span;
use wire::{ApiError, DATA_PLANE_BODY_BYTES_MAX, DataPlane, PlaneRequest, Senders};

use crate::api::hint;
use crate::body::{self, BodyError};
use crate::outgoing::Outgoing;
use crate::refuse;
use crate::serve::{Edge, Exchange};

impl Edge {
    pub(crate) async fn data_plane(
        &self,
        plane: &dyn DataPlane,
        id: &str,
        exchange: &Exchange,
        mut incoming: Incoming,
    ) -> Response<Outgoing> {
        Span::current().record("operation", "data plane");
        let body = match body::read(&mut incoming, &self.bounds(DATA_PLANE_BODY_BYTES_MAX)).await {
            Ok((body, _room)) => Some(body),
            Err(BodyError::TooLarge) => {
                self.discard(exchange, incoming).await;
                None
            }
            Err(error) => {
                let protocol = wire::ProtocolKind::RestJson1;
                return exchange.refuse(&refuse::body_error(&error, protocol, "called", 0), Some(protocol));
            }
        };
        let senders =
            AtTheGate { edge: self, exchange, body: body.clone().unwrap_or_default(), found: Mutex::default() };
        let request = PlaneRequest {
            request_id: &exchange.request_id,
            parts: &exchange.parts,
            body,
            peer: exchange.arrival.peer.ip(),
            tls: exchange.arrival.tls,
            senders: &senders,
        };
        let mut answer = plane.serve(id, request).await.map(Outgoing::from);
        if let Some(cx) = senders.found.into_inner().unwrap_or_else(PoisonError::into_inner) {
            hint(&cx.hints(), &mut answer);
        }
        answer
    }
}

/// Asks the gate when the application does.
struct AtTheGate<'a> {
    edge: &'a Edge,
    exchange: &'a Exchange,
    body: Bytes,
    /// Whoever was found: what is noted of them goes into the answer.
    found: Mutex<Option<Cx>>,
}

impl AtTheGate<'_> {
    fn call<'a>(&'a self, service: Option<&'a str>) -> Call<'a> {
        Call {
            request_id: &self.exchange.request_id,
            listener: &self.exchange.arrival.access,
            head: self.exchange.signed_head(),
            body: Some(&self.body),
            service,
            unsigned_allowed: service.is_none(),
            wall: self.edge.clock().wall(),
            now: self.edge.clock().now(),
            source_ip: Some(self.exchange.arrival.peer.ip()),
            secure_transport: self.exchange.arrival.tls,
        }
    }

    fn found(&self, cx: Cx) -> Cx {
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(cx.clone());
        cx
    }
}

impl Senders for AtTheGate<'_> {
    fn anybody(&self) -> Cx {
        self.found(self.edge.gate.anybody(&self.call(None)))
    }

    fn signer(&self, service: &str) -> Result<Cx, ApiError> {
        let signer = self.edge.gate.signer(&self.call(Some(service)));
        signer.map(|cx| self.found(cx)).map_err(|refusal| refusal.to_api_error(RefusalStyle::Rest))
    }
}
