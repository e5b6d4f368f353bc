//! `mortise-host serve`, over gRPC and HTTP, as a process over an adapter process.

mod bad;
mod cancel;
mod crashes;
mod events;
mod stage;
mod steer;
mod together;
mod tool_results;
