//! The event pattern language of event source filters, SNS and EventBridge.
//!
//! What does not belong here: where an event comes from and what happens to one that matches.
