//! CBOR (RFC 8949) by the tables, for rpcv2Cbor and for Kinesis' older `application/x-amz-cbor-1.1`.

mod read;
mod write;

pub(crate) use read::decode;
pub(crate) use write::{Writer, encode};
