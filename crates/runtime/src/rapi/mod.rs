//! The Lambda Runtime API: one state machine, spoken to over HTTP and over the private channel.

mod frame;
mod http;
mod state;

pub use frame::{Decoder, encode_event};
pub use http::{Event, HttpCall, serve};
pub use state::{Call, Effect, Payload, Refusal, RuntimeApi};

#[doc(hidden)]
pub use frame::fuzz_frames;
#[doc(hidden)]
pub use http::fuzz_routes;
