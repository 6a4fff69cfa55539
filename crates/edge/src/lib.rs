//! Bytes in, bytes out: listeners, TLS, HTTP, where a request goes, and the order of what happens to it on the way.
//!
//! [`Edge::listen`] opens a port that speaks HTTP/1.1, HTTP/2 with prior knowledge and TLS; [`router`] decides from a
//! request's head, purely, where it goes; then body, caller (auth), input (wire), operation (a service), answer (wire).
//! What does not belong here: signatures and who may (auth), the form of bodies (wire), what an operation does (services).

mod api;
pub mod body;
mod ca;
mod cors;
mod data_plane;
mod eager;
#[doc(hidden)]
pub mod fuzz;
mod internal;
pub mod limits;
mod listen;
mod outgoing;
mod peer;
mod proxy;
mod refuse;
pub mod router;
mod serve;

pub use auth::access::Listener;
pub use ca::{CaError, CertificateAuthority};
pub use internal::{Asked, Explained, Internal, InternalError, RawAnswer, RawRoute};
pub use limits::Patience;
pub use listen::Listening;
pub use router::HostFacts;
pub use serve::{Edge, EdgeOptions, FailedRequest, Witness};
