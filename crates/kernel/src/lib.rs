//! The nouns that every room uses: accounts, regions, ARNs, ids, tags, page tokens, times, and the two things that
//! make a run unrepeatable, the clock and chance, as arguments.
//!
//! What does not belong here: anything that knows a protocol, a service, a disk or a socket.

mod account;
mod arn;
mod clock;
mod cx;
#[doc(hidden)]
pub mod fuzz;
pub mod id;
mod page_token;
mod public_hosts;
mod rng;
#[doc(hidden)]
pub mod sabotage;
mod suffixes;
mod tags;
mod timestamp;

pub use account::{AccountId, InvalidAccountId, Region};
pub use arn::{Arn, InvalidArn};
pub use clock::{Clock, RealClock, TimedOut, VirtualClock};
pub use cx::{Access, Caller, CallerKind, Cx, Hint, Peer, Principals, RoleRefused};
pub use page_token::{InvalidPageToken, PageTokens};
pub use public_hosts::PublicHosts;
pub use rng::{OsRng, Rng};
pub use suffixes::{AWS_SUFFIXES, strip_aws_suffix};
pub use tags::{TAGS_MAX, TagError, check_tags};
pub use timestamp::Timestamp;

/// A boxed future: what a dyn-compatible trait answers.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn std::future::Future<Output = T> + Send + 'a>>;
