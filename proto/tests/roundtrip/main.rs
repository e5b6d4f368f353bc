//! Upstream types across the wire and back: nothing is lost, nothing is invented,
//! and what breaks the contract is refused by name.
#![cfg(feature = "convert")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod domain;
mod errors;
mod events;
mod properties;
mod refusals;
mod samples;
mod secrets;
mod tape;
mod traps;
mod walk;
