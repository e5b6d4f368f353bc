//! Serves any `RuntimeHostAdapter` over gRPC, and holds the reference storage.
//!
//! This crate does not read the environment, and of files only those that its options
//! name: certificates, keys and tokens, which may be replaced while it serves.

mod bearer;
mod chunks;
mod listen;
mod mcp;
mod peer;
pub mod reference;
mod replies;
mod scope;
mod serve;
mod server;
mod services;
mod source;
pub mod telemetry;
mod tls;
mod trace;

pub use bearer::{TokenDigest, TokenFile, TokenFileError, bearer};
pub use listen::{Connection, ConnectionLimits, ListenAddress, Listener, raise_file_limit};
pub use peer::Peer;
pub use scope::Scope;
pub use server::{AdapterServer, ServeError};
pub use source::{
    Acknowledged, AdapterSource, Appended, ByteRuns, EventStore, McpAuthorization, McpDirectory,
    MessageRuns, Piecewise, TestSeed, TurnQueue,
};
pub use tls::{ServerTls, Tls, TlsError};
