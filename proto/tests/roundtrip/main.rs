//! Upstream types across the wire and back: nothing is lost, nothing is invented,
//! and what breaks the contract is refused by name.
#![cfg(feature = "convert")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    missing_docs
)]

mod budgets;
mod credentials;
mod domain;
mod errors;
mod events;
mod images;
mod mcp;
mod memory;
mod outbound;
mod payments;
mod platform;
mod properties;
mod refusals;
mod resources;
mod samples;
mod schedules;
mod secrets;
mod sql;
mod tape;
mod traps;
mod turns;
mod utility_llm;
mod walk;
