//! Decode, validate and encode of a small call, without sockets.

pub fn run() {}
