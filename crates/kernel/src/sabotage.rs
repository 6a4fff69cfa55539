//! Bugs on purpose, to see that the simulation finds them. Only a build for the simulation has more of it than `false`.

/// Whether the bug of this name is on. Without the feature `sabotage` it is the constant `false`.
#[cfg(not(feature = "sabotage"))]
#[macro_export]
macro_rules! sabotaged {
    ($bug:literal) => {
        false
    };
}

/// Whether the bug of this name is on in this thread.
#[cfg(feature = "sabotage")]
#[macro_export]
macro_rules! sabotaged {
    ($bug:literal) => {
        $crate::sabotage::is_on($bug)
    };
}

#[cfg(feature = "sabotage")]
pub use switch::{is_on, turn_on};

#[cfg(feature = "sabotage")]
mod switch {
    use std::cell::Cell;

    thread_local! {
        /// A simulated world has one thread, so that worlds beside each other may have different bugs.
        static ON: Cell<Option<&'static str>> = const { Cell::new(None) };
    }

    /// Turns one bug on, or all off.
    pub fn turn_on(bug: Option<&'static str>) {
        ON.set(bug);
    }

    pub fn is_on(bug: &str) -> bool {
        ON.get() == Some(bug)
    }
}
