//! XML by the tables: bodies of restXml, and the answers of awsQuery.

mod read;
mod tree;
mod write;

pub(crate) use read::{decode_into, decode_payload};
pub(crate) use write::{Names, Writer};
