//! The states of a mapping.
//! Source: Lambda API Reference, EventSourceMappingConfiguration, `State`.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum State {
    Creating,
    Enabling,
    Enabled,
    Disabling,
    Disabled,
    Updating,
    Deleting,
}

impl State {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Creating => "Creating",
            Self::Enabling => "Enabling",
            Self::Enabled => "Enabled",
            Self::Disabling => "Disabling",
            Self::Disabled => "Disabled",
            Self::Updating => "Updating",
            Self::Deleting => "Deleting",
        }
    }

    /// What a change by a user leads through. Only what rests can be changed: `None` otherwise.
    pub(crate) fn on_update(self, was_enabled: bool, is_enabled: bool) -> Option<Self> {
        match (self, was_enabled, is_enabled) {
            (Self::Enabled | Self::Disabled, true, false) => Some(Self::Disabling),
            (Self::Enabled | Self::Disabled, false, true) => Some(Self::Enabling),
            (Self::Enabled | Self::Disabled, _, _) => Some(Self::Updating),
            _ => None,
        }
    }

    /// Where a change ends, once the mapping's task has taken note. `None`: the mapping is gone.
    pub(crate) fn at_rest(self, enabled: bool) -> Option<Self> {
        match (self, enabled) {
            (Self::Deleting, _) => None,
            (_, true) => Some(Self::Enabled),
            (_, false) => Some(Self::Disabled),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_pass_through_their_state_and_come_to_rest() {
        assert_eq!(State::Enabled.on_update(true, false), Some(State::Disabling));
        assert_eq!(State::Disabled.on_update(false, true), Some(State::Enabling));
        assert_eq!(State::Disabled.on_update(false, false), Some(State::Updating));
        assert_eq!(State::Creating.at_rest(true), Some(State::Enabled));
        assert_eq!(State::Updating.at_rest(false), Some(State::Disabled));
        assert_eq!(State::Deleting.at_rest(true), None);
    }

    #[test]
    fn what_does_not_rest_cannot_be_changed() {
        for state in [State::Creating, State::Enabling, State::Disabling, State::Updating, State::Deleting] {
            assert_eq!(state.on_update(true, true), None);
        }
    }
}
