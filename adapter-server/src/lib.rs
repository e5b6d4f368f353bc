//! Serves any `RuntimeHostAdapter` over gRPC.
//!
//! [`AdapterServer`] takes an adapter, or an [`AdapterSource`] that yields one for each
//! call, and offers every service of the contract that the adapter has a store for, with
//! health and reflection beside them. It checks each call's context, remembers answers to
//! changes by `request_id`, and runs a change to its end whatever becomes of its caller.
//!
//! ```no_run
//! use everruns_runtime::RuntimeHostAdapter;
//! use mortise_adapter_server::{AdapterServer, ListenAddress};
//!
//! async fn serve(adapter: impl RuntimeHostAdapter) -> Result<(), Box<dyn std::error::Error>> {
//!     let address: ListenAddress = "unix:/run/acme/adapter.sock".parse()?;
//!     let listener = address.bind().await?;
//!     AdapterServer::builder(adapter)
//!         .identity("acme-storage", "1.4.0")
//!         .serve(listener, async { drop(tokio::signal::ctrl_c().await) })
//!         .await?;
//!     Ok(())
//! }
//! ```
//!
//! A plain adapter serves every org and its answers are remembered in memory. Who keeps
//! orgs apart, stores events as they are on the wire, or remembers answers beside the data
//! implements [`AdapterSource`] instead; each of its methods has a default.
//!
//! This crate knows no storage and no command line. It does not read the environment, and
//! of files only those that its options name: certificates, keys and tokens, which may be
//! replaced while it serves. Small programs are in the folder `examples` of the repository.

mod chunks;
mod diagnostic;
mod erased;
mod extensions;
mod idempotency;
mod inbound;
mod leases;
pub mod mcp;
mod net;
mod patches;
pub mod process;
mod scope;
mod serve;
mod server;
mod services;
mod source;

pub use diagnostic::{Diagnostic, nearest};
pub use extensions::{
    AppendAck, AppendRequest, ByteChunks, EventStore, KnownMessages, McpAuthorization,
    McpDirectory, MessageBatches, SessionFactory, SessionFeed, SessionFence, SessionLeases,
    SqlDatabases, StreamingReads, Subscription, TestSeed, TurnContextRead, TurnJournals, TurnQueue,
};
pub use idempotency::reused;
pub use leases::{MemoryLeases, OrgLeases};
pub use mortise_spiffe::{SOCKET_VARIABLE, WorkloadSocket};
pub use net::bearer::{Admitted, TokenDigest, TokenFile, TokenFileError, bearer};
pub use net::clients::ClientOrgs;
pub use net::listen::{
    Connection, ConnectionLimits, ListenAddress, Listener, SocketAccess, SocketGroup, SocketMode,
    raise_file_limit,
};
pub use net::peer::Peer;
pub use net::telemetry;
pub use net::tls::{ServerTls, Tls, TlsError};
pub use scope::Scope;
pub use server::{AdapterServer, ServeError};
pub use source::{AdapterSource, Outage};
