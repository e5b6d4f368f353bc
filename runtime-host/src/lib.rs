//! The sidecar: runs turns of the Everruns runtime over gRPC adapters.
//!
//! This crate and the two other binaries' `main` are the only places that read the
//! environment and files.

pub mod access;
pub mod config;
pub mod demo;
#[cfg_attr(not(feature = "embedded"), path = "embedded_absent.rs")]
pub mod embedded;
pub mod engine;
pub mod host;
pub mod journal;
pub mod metrics;
pub mod registry;
pub mod run;
pub mod serve;
pub mod simulator;
pub mod telemetry;
pub mod worker;

mod render;
mod summary;
