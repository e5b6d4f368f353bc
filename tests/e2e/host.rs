//! `mortise-host serve`, over gRPC and HTTP, as a process over an adapter process.

mod admin;
mod bad;
mod cancel;
mod configured;
mod crashes;
mod deploy;
mod doubt;
mod engine;
mod events;
mod front;
mod hostile;
mod hosts;
mod late_events;
mod outages;
mod queued;
mod races;
mod readme;
mod recovery;
mod requests;
mod revoked;
mod sessions;
mod steer;
mod stored;
mod test_host;
mod together;
mod tool_results;
