use crate::limits::SLOTS_MAX;
use crate::malformed::Malformed;

/// The slots that a request may still fill.
pub(crate) struct Budget(usize);

impl Budget {
    pub(crate) const fn new() -> Self {
        Self(SLOTS_MAX)
    }

    /// Errors: a request that would hold more than [`SLOTS_MAX`].
    pub(crate) fn take(&mut self, slots: usize) -> Result<(), Malformed> {
        self.0 = self.0.checked_sub(slots).ok_or(Malformed::Syntax)?;
        Ok(())
    }
}
