//! Serves any `RuntimeHostAdapter` over gRPC.
//!
//! This crate does not read the environment, and of files only those that its options
//! name: certificates, keys and tokens, which may be replaced while it serves.

mod chunks;
mod erased;
mod idempotency;
pub mod mcp;
mod net;
mod scope;
mod serve;
mod server;
mod services;
mod source;

pub use idempotency::reused;
pub use net::bearer::{TokenDigest, TokenFile, TokenFileError, bearer};
pub use net::listen::{Connection, ListenAddress, Listener};
pub use net::peer::Peer;
pub use net::telemetry;
pub use net::tls::{ServerTls, Tls, TlsError};
pub use scope::Scope;
pub use server::{AdapterServer, ServeError};
pub use source::{
    Acknowledged, AdapterSource, Appended, ByteRuns, EventStore, McpAuthorization, McpDirectory,
    MessageRuns, Piecewise, TestSeed, TurnQueue,
};
