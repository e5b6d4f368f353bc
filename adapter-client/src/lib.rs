//! The client half of Mortise: [`GrpcHostAdapter`] is an implementation of the
//! upstream trait `RuntimeHostAdapter` whose stores answer over gRPC, and [`Mesh`]
//! is what lies under it: channels, routes and policies.
//!
//! This crate does not read the environment, and of files only those that an
//! [`AdapterConfig`] names: certificates, keys and tokens, which may be replaced.

mod adapter;
mod event_log;
mod mesh;
mod phase;
mod stores;
mod test_seed;
mod turn_queue;

pub use adapter::{AdapterBuilder, EventTap, GrpcHostAdapter};
pub use event_log::RemoteEventLog;
pub use mesh::config::{
    AdapterConfig, Compression, ConfigError, Keepalive, MeshConfig, Routes, TransportConfig, stores,
};
pub use mesh::endpoint::Endpoint;
pub use mesh::handshake::{ConnectError, Offers};
pub use mesh::stats::{LATENCY_BOUNDS, MethodStats, RpcStats};
pub use mesh::status::AdapterStatus;
pub use mesh::tap::{CallTap, EndedCall};
pub use mesh::tls::{ClientTls, TlsIdentity};
pub use mesh::{Mesh, Org};
pub use phase::PhaseKind;
pub use test_seed::RemoteTestSeed;
pub use turn_queue::RemoteTurnQueue;
