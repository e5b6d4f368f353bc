//! HTTP requests that leave the platform, their answers and their errors.

use everruns_core::egress::{EgressError, EgressRequest, EgressRequestKind, EgressSigning};

use super::{ConvertError, Result, enumeration, optional_nested, wire_enum};
use crate::StoreError;
use crate::pb;
use crate::pb::ErrorReason as R;

const URL: &str = "url";

// === EgressSigning ===

impl From<EgressSigning> for pb::EgressSigning {
    fn from(signing: EgressSigning) -> Self {
        match signing {
            EgressSigning::Disabled => Self::Disabled,
            EgressSigning::PlatformDefault => Self::PlatformDefault,
            EgressSigning::Required => Self::Required,
        }
    }
}

impl TryFrom<pb::EgressSigning> for EgressSigning {
    type Error = ConvertError;

    fn try_from(wire: pb::EgressSigning) -> Result<Self> {
        match wire {
            pb::EgressSigning::Disabled => Ok(Self::Disabled),
            pb::EgressSigning::PlatformDefault => Ok(Self::PlatformDefault),
            pb::EgressSigning::Required => Ok(Self::Required),
            pb::EgressSigning::Unspecified => Err(ConvertError::unspecified::<pb::EgressSigning>()),
        }
    }
}

// === EgressRequest ===

/// The kind, and its name where the contract has none.
fn kind_to_wire(kind: EgressRequestKind) -> (pb::EgressRequestKind, String) {
    use pb::EgressRequestKind as K;
    match kind {
        EgressRequestKind::LlmProvider => (K::LlmProvider, String::new()),
        EgressRequestKind::Capability => (K::Capability, String::new()),
        EgressRequestKind::Integration => (K::Integration, String::new()),
        EgressRequestKind::SystemEmail => (K::SystemEmail, String::new()),
        EgressRequestKind::UtilityLlm => (K::UtilityLlm, String::new()),
        EgressRequestKind::Mcp => (K::Mcp, String::new()),
        EgressRequestKind::Other(name) => (K::Other, name),
    }
}

fn kind_from_wire(kind: i32, other: String) -> Result<EgressRequestKind> {
    use pb::EgressRequestKind as K;
    Ok(match wire_enum("kind", kind)? {
        K::Unspecified => {
            return Err(ConvertError::unspecified::<K>().within("kind"));
        }
        K::Other => EgressRequestKind::Other(other),
        K::LlmProvider => EgressRequestKind::LlmProvider,
        K::Capability => EgressRequestKind::Capability,
        K::Integration => EgressRequestKind::Integration,
        K::SystemEmail => EgressRequestKind::SystemEmail,
        K::UtilityLlm => EgressRequestKind::UtilityLlm,
        K::Mcp => EgressRequestKind::Mcp,
    })
}

impl From<EgressRequest> for pb::EgressRequest {
    fn from(request: EgressRequest) -> Self {
        let EgressRequest {
            method,
            url,
            headers,
            body,
            kind,
            signing,
            network_access,
            timeout_ms,
            pinned_addrs,
        } = request;
        let (kind, other_kind) = kind_to_wire(kind);
        let pinned = pinned_addrs.map(|(host, addresses)| pb::PinnedAddresses {
            host,
            addresses: addresses.iter().map(ToString::to_string).collect(),
        });
        Self {
            method,
            url,
            headers,
            body: body.into(),
            kind: kind.into(),
            other_kind,
            signing: pb::EgressSigning::from(signing).into(),
            network_access: network_access.map(Into::into),
            timeout_ms,
            pinned_addresses: pinned,
        }
    }
}

impl TryFrom<pb::EgressRequest> for EgressRequest {
    type Error = ConvertError;

    fn try_from(wire: pb::EgressRequest) -> Result<Self> {
        let pinned = wire.pinned_addresses.map(|pinned| {
            let pb::PinnedAddresses { host, addresses } = pinned;
            let addresses = addresses.iter().map(|address| {
                address.parse().map_err(|_| {
                    ConvertError::new(
                        "pinned_addresses.addresses",
                        format!("holds `{address}`; send an address with its port, such as 192.0.2.7:443"),
                    )
                })
            });
            Ok::<_, ConvertError>((host, addresses.collect::<Result<_>>()?))
        });
        Ok(Self {
            method: wire.method,
            url: wire.url,
            headers: wire.headers,
            body: wire.body.into(),
            kind: kind_from_wire(wire.kind, wire.other_kind)?,
            signing: enumeration::<pb::EgressSigning, _>("signing", wire.signing)?,
            network_access: optional_nested("network_access", wire.network_access)?,
            timeout_ms: wire.timeout_ms,
            pinned_addrs: pinned.transpose()?,
        })
    }
}

/// The HTTP status of an answer.
pub fn status(head: &pb::EgressHead) -> Result<u16> {
    u16::try_from(head.status).map_err(|_| {
        ConvertError::new(
            "head.status",
            format!("is {}; send an HTTP status", head.status),
        )
    })
}

// === EgressError ===

/// The error of an egress as a server states it.
impl From<EgressError> for StoreError {
    fn from(error: EgressError) -> Self {
        let text = error.to_string();
        match error {
            EgressError::InvalidRequest(text) => Self::new(R::EgressInvalidRequest, text),
            EgressError::NetworkAccessDenied { url } => {
                Self::new(R::EgressNetworkAccessDenied, text).with(URL, url)
            }
            EgressError::SigningUnavailable => Self::new(R::EgressSigningUnavailable, text),
            EgressError::Transport(text) => Self::new(R::EgressTransport, text),
        }
    }
}

/// The error of a remote egress as the host takes it. What no variant stands for is the
/// transport's.
#[must_use]
pub fn into_host_error(mut error: StoreError) -> EgressError {
    match error.reason {
        Some(R::EgressInvalidRequest) => EgressError::InvalidRequest(error.message),
        Some(R::EgressNetworkAccessDenied) => EgressError::NetworkAccessDenied {
            url: error.metadata.remove(URL).unwrap_or_default(),
        },
        Some(R::EgressSigningUnavailable) => EgressError::SigningUnavailable,
        Some(R::EgressTransport) => EgressError::Transport(error.message),
        Some(
            R::Unspecified
            | R::InvalidField
            | R::RequestIdReused
            | R::MessageTooLarge
            | R::NotOffered
            | R::ProtocolMismatch
            | R::Unavailable
            | R::DeadlineExceeded
            | R::NotAllowed
            | R::Malformed
            | R::Llm
            | R::LlmRequestTooLarge
            | R::ModelNotAvailable
            | R::ToolExecution
            | R::Store
            | R::EventEmission
            | R::Configuration
            | R::MaxIterationsReached
            | R::LoopCancelled
            | R::NoMessages
            | R::AgentNotFound
            | R::HarnessNotFound
            | R::SessionNotFound
            | R::SessionArchived
            | R::Fenced
            | R::PatchBase
            | R::Held
            | R::Internal
            | R::DriverNotRegistered
            | R::SqlDatabaseNotFound
            | R::SqlDatabaseAlreadyExists
            | R::SqlInvalidDatabaseName
            | R::SqlLimitExceeded
            | R::SqlQueryError
            | R::SqlQueryTimeout
            | R::SqlResultTooLarge
            | R::SqlAuthorizerBlocked
            | R::SqlInternal,
        )
        | None => EgressError::Transport(error.message),
    }
}
