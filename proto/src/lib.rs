//! The Mortise contract: one protobuf service per store of an Everruns runtime
//! host. This crate holds the generated messages, the table of RPCs with their
//! semantics, and the error type; with the feature `convert` also the conversions
//! to and from the upstream types. It does no I/O.
//!
//! ```
//! use mortise_proto::StoreError;
//! use mortise_proto::pb::ErrorReason;
//! use mortise_proto::rpc::table::session_storage_store_service::SET_VALUE;
//!
//! // The table says of every method how it may be called.
//! let method = SET_VALUE.method;
//! assert_eq!(method.short_name(), "SessionStorageStoreService/SetValue");
//! assert!(method.may_repeat(), "the server remembers the answer by request id");
//!
//! // An error crosses the wire with its reason.
//! let error = StoreError::new(ErrorReason::SessionNotFound, "session not found");
//! let status = tonic::Status::from(error);
//! let error = StoreError::from(status);
//! assert_eq!(error.reason, Some(ErrorReason::SessionNotFound));
//! ```

pub mod address;
#[cfg(feature = "convert")]
pub mod convert;
pub mod error;
pub mod host_error;
mod known_secrets;
pub mod patch;
mod redact;
pub mod rpc;

/// Generated messages and server traits. `pb::Session` is the wire form,
/// `Session` upstream's.
#[allow(missing_docs, missing_debug_implementations, unreachable_pub, clippy::all)]
#[rustfmt::skip]
pub mod pb {
    include!("generated/mortise.adapter.v1.rs");
}

/// Generated messages, server trait and client of the host's own service.
#[allow(missing_docs, missing_debug_implementations, unreachable_pub, clippy::all)]
#[rustfmt::skip]
pub mod host {
    include!("generated/mortise.host.v1.rs");
}

#[allow(clippy::wildcard_enum_match_arm)]
#[rustfmt::skip]
mod redacted_debug {
    include!("generated/redact.rs");
}

#[cfg(feature = "convert")]
#[allow(clippy::all, clippy::wildcard_enum_match_arm)]
#[rustfmt::skip]
mod open_values {
    include!("generated/values.rs");
}

pub use error::StoreError;
pub use host_error::HostError;
pub use known_secrets::KnownSecrets;
pub use redact::Secrets;
pub use rpc::{Method, Rpc, table};

/// The descriptors of the whole contract, for reflection and for tools.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!("../descriptor.binpb");

/// The descriptors of the host's own service, for reflection and for tools.
pub const HOST_FILE_DESCRIPTOR_SET: &[u8] = include_bytes!("../host_descriptor.binpb");

/// The protocol versions this build speaks.
pub const PROTOCOL: pb::ProtocolRange = pb::ProtocolRange { min: 1, max: 1 };

/// What a program says of itself with `--version`: its version, the commit that it was built
/// from, if that is known, and the versions of the protocol that it speaks. The text lives as
/// long as the process: it is made once, for the command line.
#[must_use]
pub fn version_text(version: &str, commit: Option<&str>) -> &'static str {
    let commit = commit.unwrap_or("unknown");
    let protocol = match (PROTOCOL.min, PROTOCOL.max) {
        (min, max) if min == max => min.to_string(),
        (min, max) => format!("{min} to {max}"),
    };
    format!("{version} (commit {commit}, adapter protocol {protocol})").leak()
}

/// The largest message that either side takes unless it is configured otherwise.
pub const MAX_MESSAGE_BYTES: usize = 32 * 1024 * 1024;

/// Where a streamed answer is cut into chunks.
pub const CHUNK_BYTES: usize = 256 * 1024;

/// Room for an error's text and details in the response headers. Both sides set
/// it: the usual 16 KiB would cut off the longest error the contract allows.
pub const MAX_HEADER_LIST_BYTES: u32 = 64 * 1024;
