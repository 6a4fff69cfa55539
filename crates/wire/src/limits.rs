//! Bounds of the codecs.

/// How deep values may nest. Units: levels. Source: Jackson and Ion readers of AWS refuse far later; ours keeps the stack small.
pub const DEPTH_MAX: usize = 128;

/// How many violations one message lists. Units: violations. Source: recorded DynamoDB answers never list more.
pub const VIOLATIONS_MAX: usize = 10;

/// The longest list that a query request may number by index. Units: items. The body's own bound is smaller in practice.
pub const QUERY_INDEX_MAX: usize = 100_000;

/// How many members and items one request may hold, absent members of its structures counted. Units: slots. A body of a
/// few megabytes could otherwise ask for gigabytes: three bytes, `{},`, make a structure of any size. The largest honest
/// requests stay far below (10,000 log events are 30,000 slots).
pub const SLOTS_MAX: usize = 4_000_000;
