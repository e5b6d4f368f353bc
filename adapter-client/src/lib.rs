//! The client half of Mortise: [`GrpcHostAdapter`] is an implementation of the
//! upstream trait `RuntimeHostAdapter` whose stores answer over gRPC, and [`Mesh`]
//! is what lies under it: channels, routes and policies.
//!
//! ```no_run
//! use everruns_core::{CapabilityRegistry, DriverRegistry};
//! use everruns_runtime::RuntimeHostAdapter;
//! use mortise_adapter_client::{Mesh, MeshConfig};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! // Nothing is connected yet: an adapter may be absent, come and go.
//! let mesh = Mesh::new(MeshConfig::single("unix:/run/acme/adapter.sock".parse()?))?;
//! // The handshake: what an adapter does not offer is `None` from here on.
//! let adapter = mesh
//!     .adapter(1)
//!     .capability_registry(CapabilityRegistry::with_builtins())
//!     .driver_registry(DriverRegistry::new())
//!     .build()
//!     .await?;
//! let model = adapter.provider_store(1).get_default_model().await?;
//! # drop(model);
//! # Ok(())
//! # }
//! ```
//!
//! An adapter serves one org. In a turn, [`GrpcHostAdapter::phase`] hands out stores that
//! read the session once and send events without waiting for each.
//!
//! This crate does not read the environment, and of files only those that an
//! [`AdapterConfig`] names: certificates, keys and tokens, which may be replaced. With the
//! Cargo feature `spiffe` certificates and keys may come from the SPIFFE Workload API.

mod adapter;
mod call_error;
mod fence;
mod mesh;
mod phase;
mod stores;

pub use adapter::{AdapterBuilder, EventEdit, EventTap, GrpcHostAdapter};
pub use fence::Fence;
pub use mesh::backoff::{Backoff, jittered};
pub use mesh::change::EventIds;
pub use mesh::config::{
    AdapterConfig, BalancePolicy, CallPolicy, Compression, ConfigError, Keepalive, MeshConfig,
    OrgRoutes, Routes, TransportConfig, stores,
};
pub use mesh::endpoint::{DnsName, Endpoint};
pub use mesh::handshake::{ConnectError, Handshakes, Look};
pub use mesh::health::AdapterHealth;
pub use mesh::offers::Offers;
pub use mesh::resolve::{Resolve, Resolver};
pub use mesh::stats::{LATENCY_BOUNDS, MethodStats, RpcStats};
pub use mesh::status::{AdapterStatus, EndpointState, EndpointStatus};
pub use mesh::tap::{CallTap, EndedCall};
pub use mesh::tls::{ClientTls, TlsIdentity};
pub use mesh::token::Token as BearerToken;
pub use mesh::{Mesh, Org};
pub use mortise_spiffe::{SOCKET_VARIABLE, WorkloadSocket, trust_domain};
pub use phase::PhaseKind;
pub use stores::event_log::RemoteEventLog;
pub use stores::platform_store::factory::RemoteSessionFactory;
pub use stores::session_lease::{HeldLease, LeaseChange, RemoteSessionLeases};
pub use stores::test_seed::RemoteTestSeed;
pub use stores::turn_journal::RemoteTurnJournal;
pub use stores::turn_queue::RemoteTurnQueue;
