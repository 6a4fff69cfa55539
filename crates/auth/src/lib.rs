//! Who is calling, and whether they may: signatures, the rules of the listeners, and the language of policies.
//!
//! `sigv4` proves a request, `access` turns a proof (or, in open access, its absence) into a [`kernel::Cx`], `policy`
//! evaluates IAM policies. Nothing here does I/O or asks the time.
//! What does not belong here: keys and roles on disk (services/iam), sockets and routing (edge), error bodies (wire).

pub mod access;
pub mod limits;
pub mod policy;
pub mod sigv4;

#[doc(hidden)]
pub mod fuzz;
