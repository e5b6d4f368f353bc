//! What this process is and whom it trusts, as the SPIFFE Workload API says: for the client
//! and the server side of a call alike.
//!
//! A [`Workload`] watches the API and has the [`Identity`] of this moment: its X.509-SVID
//! and the bundles of the trust domains that it may believe. A new one is there for the next
//! connection. An old one holds until it expires, also while the API is away.
//!
//! This crate does not read the environment, and does not decide who may call whom.

#[cfg(feature = "workload-api")]
mod api;
#[cfg(not(feature = "workload-api"))]
#[path = "no_api.rs"]
mod api;
mod id;
mod identity;
mod socket;
mod workload;

pub use id::trust_domain;
pub use identity::{Identity, NoBundle};
pub use socket::{SOCKET_VARIABLE, WorkloadSocket};
pub use workload::{NoIdentity, Workload};
