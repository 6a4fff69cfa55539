//! The platform in one thread: a clock, chance and a disk of its own, so that one seed decides everything.
//!
//! What does not belong here: what clients do and what must hold. That is `tests/simulation`; ADR 12 says why.

mod chance;
mod clock;
mod disk;
mod functions;
mod platform;
mod trace;
mod world;

pub use chance::{Dice, SeededRng};
pub use clock::{Held, SimClock};
pub use disk::{Disk, Moods};
pub use functions::{Ended, Play};
pub use platform::Platform;
pub use trace::Trace;
pub use world::{ACCOUNT, World};
