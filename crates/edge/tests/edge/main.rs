//! The edge over real sockets, with small services made by hand behind it.

mod attendance;
mod bodies;
mod client;
mod connections;
mod internal_paths;
mod proxy;
mod who;
mod world;
