//! Pure rules: what is well formed, what names and ids look like, what AWS has of its own. No I/O, no time, no chance.

pub mod aws_policies;
pub mod document;
pub mod entity;
pub mod linked_roles;
pub mod names;
pub mod tags;
