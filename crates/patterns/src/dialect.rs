//! What services read differently in the one language.

/// Whose pattern it is.
/// Source: EventBridge User Guide, "Comparison operators" (its column of pipes is what pollers read); Lambda Developer Guide,
/// "Control which events Lambda sends to your function"; SNS Developer Guide, "Filter policy constraints".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Rules and archives: the whole language.
    EventBridge,
    /// Filters of event source mappings: no wildcards, and `anything-but` of plain values only.
    Lambda,
    /// A filter policy over message attributes: not nested, at most five keys.
    SnsAttributes,
    /// A filter policy over a message's body: at most five keys.
    SnsBody,
}

impl Dialect {
    pub(crate) fn is_sns(self) -> bool {
        matches!(self, Self::SnsAttributes | Self::SnsBody)
    }

    /// Whether pollers' smaller set of operators applies.
    pub(crate) fn is_of_pollers(self) -> bool {
        self == Self::Lambda
    }
}
