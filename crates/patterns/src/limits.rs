//! Bounds of patterns, each with its unit and where it comes from.

/// Objects inside objects in a pattern. Ours: deeper events are refused before they get here.
pub const NESTING_MAX: usize = 128;

/// Combinations that `$or` may make of a pattern.
/// Source: EventBridge User Guide, "Comparison operators", "Or matching": over 1,000 combinations are refused.
pub const COMBINATIONS_MAX: usize = 1000;

/// Fields of all combinations together that are written down while a pattern is read. Ours: it bounds memory.
pub const FIELDS_MAX: usize = 200_000;

/// The largest number that can be compared, in millionths: 5,000,000,000 with six decimals.
/// Source: EventBridge User Guide, "Numeric matching": -5.0e9 to 5.0e9, 15 digits of precision.
pub const NUMBER_MILLIONTHS_MAX: i64 = 5_000_000_000 * MILLIONTHS;

/// The same in filter policies.
/// Source: SNS Developer Guide, "Filter policy constraints": -10^9 to 10^9.
pub const POLICY_NUMBER_MILLIONTHS_MAX: i64 = 1_000_000_000 * MILLIONTHS;

/// Decimal places that are compared, as a factor.
pub const MILLIONTHS: i64 = 1_000_000;

/// Digits of a number that is worth reading for comparison; more cannot be in range with six decimals.
pub const NUMBER_DIGITS_MAX: usize = 17;

/// Keys of a filter policy; of a nested one the parents count.
/// Source: SNS Developer Guide, "Filter policy constraints".
pub const POLICY_KEYS_MAX: usize = 5;

/// The product of the values of a filter policy's keys, each times its nesting.
/// Source: SNS Developer Guide, "Filter policy constraints".
pub const POLICY_COMBINATIONS_MAX: usize = 150;

/// Bytes of a filter policy.
/// Source: SNS Developer Guide, "Filter policy constraints": 256 KB.
pub const POLICY_BYTES_MAX: usize = 256 * 1024;

/// Characters of a pattern that a refusal quotes.
/// Source: the engine's JSON reader, which shortens what it quotes.
pub const QUOTED_CHARS_MAX: usize = 500;
