//! JSON by the tables: straight from bytes to [`Doc`](crate::Doc) and back.

mod lexer;
mod read;
mod write;

pub(crate) use read::{TypeWords, decode, decode_into, decode_payload};
pub(crate) use write::{encode, encode_structure, write, write_string};
