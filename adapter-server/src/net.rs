//! Sockets and what protects them: listeners, TLS, the caller's identity, bearer tokens,
//! traces. The runtime host serves with these as well.

pub(crate) mod bearer;
pub(crate) mod clients;
pub(crate) mod listen;
pub(crate) mod peer;
pub mod telemetry;
pub(crate) mod tls;
pub(crate) mod trace;
