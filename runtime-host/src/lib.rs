//! The sidecar: runs turns of the Everruns runtime over gRPC adapters.
//!
//! [`serve::serve`] is all of it, from a configuration to two APIs; [`host::Host`] is what
//! both APIs call; [`engine`] drives the phases of a turn. A configuration is checked as a
//! whole:
//!
//! ```
//! use mortise_runtime_host::config::HostConfig;
//!
//! let config = HostConfig::parse("[turns]\nmax_running = 8", [])?;
//! assert_eq!(config.turns.max_running, 8);
//!
//! // Everything that is wrong is said at once, with what to do.
//! let text = "[turns]\nmax_runing = 8\ndrain = \"soon\"";
//! let faults = HostConfig::parse(text, []).unwrap_err();
//! assert_eq!(faults.to_string().lines().count(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! This crate and the two other binaries' `main` are the only places that read the
//! environment and files.

pub mod access;
pub mod cli;
pub mod config;
pub mod engine;
pub mod export;
pub mod host;
pub mod journal;
pub mod local;
pub mod metrics;
pub mod registry;
pub mod serve;
pub mod supervise;
pub mod telemetry;
