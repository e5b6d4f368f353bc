//! The one error of the host's own service, over gRPC and over HTTP. See
//! `host/v1/errors.proto` for the form on the wire.

use crate::StoreError;
use crate::host::ErrorReason;
use std::collections::HashMap;
use std::time::Duration;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// The domain of every reason.
pub const DOMAIN: &str = "mortise.host.v1";

/// Why a call of the host failed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct HostError {
    /// The reason; code and HTTP status follow from it.
    pub reason: ErrorReason,
    /// For people: what is wrong and what to do.
    pub message: String,
    /// The field that is wrong.
    pub field: Option<String>,
    /// When to come back.
    pub retry_after: Option<Duration>,
    /// Where else to go: the address of another host.
    pub address: Option<String>,
}

// === impl HostError ===

impl HostError {
    /// An error of a reason.
    pub fn new(reason: ErrorReason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            field: None,
            retry_after: None,
            address: None,
        }
    }

    /// A field that is missing or malformed.
    pub fn invalid_field(field: impl Into<String>, problem: impl AsRef<str>) -> Self {
        let field = field.into();
        let mut error = Self::new(
            ErrorReason::InvalidField,
            format!("{field}: {}", problem.as_ref()),
        );
        error.field = Some(field);
        error
    }

    /// States when to come back.
    #[must_use]
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    /// The gRPC code.
    #[must_use]
    pub fn code(&self) -> Code {
        facts_of(self.reason).0
    }

    /// The HTTP status.
    #[must_use]
    pub fn http_status(&self) -> u16 {
        facts_of(self.reason).1
    }

    /// The reason as it travels, such as `SESSION_NOT_FOUND`.
    #[must_use]
    pub fn reason_name(&self) -> &'static str {
        reason_name(self.reason)
    }
}

/// `SESSION_NOT_FOUND` for `ErrorReason::SessionNotFound`.
#[must_use]
pub fn reason_name(reason: ErrorReason) -> &'static str {
    reason.as_str_name().trim_start_matches("ERROR_REASON_")
}

/// The code and the HTTP status that a reason travels under.
fn facts_of(reason: ErrorReason) -> (Code, u16) {
    use ErrorReason as R;
    match reason {
        R::InvalidField => (Code::InvalidArgument, 400),
        R::Unauthenticated => (Code::Unauthenticated, 401),
        R::OrgNotServed | R::NotAllowed => (Code::PermissionDenied, 403),
        R::SessionNotFound
        | R::HarnessNotFound
        | R::AgentNotFound
        | R::UnknownToolCall
        | R::TurnNotFound
        | R::ModelNotFound
        | R::NoRoute => (Code::NotFound, 404),
        R::MethodNotAllowed => (Code::Unimplemented, 405),
        R::ToolCallAnswered => (Code::AlreadyExists, 409),
        R::TurnUnderWay | R::SessionBusy => (Code::Aborted, 409),
        R::NotWaiting | R::NoTurn | R::SessionArchived => (Code::FailedPrecondition, 409),
        R::RequestTooLarge => (Code::ResourceExhausted, 413),
        R::RequestIdReused => (Code::InvalidArgument, 422),
        R::QueueFull | R::Busy => (Code::ResourceExhausted, 429),
        R::Internal | R::Unspecified => (Code::Internal, 500),
        R::NotOffered => (Code::FailedPrecondition, 501),
        R::Adapter => (Code::Internal, 502),
        R::Draining | R::AdapterUnavailable => (Code::Unavailable, 503),
    }
}

impl From<StoreError> for HostError {
    /// What a caller of the host is told of an adapter's error.
    fn from(error: StoreError) -> Self {
        use crate::pb::ErrorReason as Store;
        use ErrorReason as Host;
        // Busy, and it says for how long.
        let is_asked_back = error.retry_after.is_some()
            && matches!(error.code, Code::ResourceExhausted | Code::Aborted);
        if error.is_transient() || error.code == Code::DeadlineExceeded || is_asked_back {
            let delay = error.retry_after.unwrap_or(Duration::from_secs(1));
            return Self::new(Host::AdapterUnavailable, error.message).retry_after(delay);
        }
        let reason = match error.reason {
            Some(Store::SessionNotFound) => Host::SessionNotFound,
            Some(Store::SessionArchived) => Host::SessionArchived,
            Some(Store::HarnessNotFound) => Host::HarnessNotFound,
            Some(Store::AgentNotFound) => Host::AgentNotFound,
            Some(Store::MessageTooLarge) => Host::RequestTooLarge,
            Some(Store::NotOffered) => Host::NotOffered,
            Some(Store::Fenced | Store::Held) => Host::SessionBusy,
            Some(_) | None => Host::Adapter,
        };
        Self::new(reason, error.message)
    }
}

impl From<HostError> for Status {
    fn from(error: HostError) -> Self {
        let mut details = ErrorDetails::new();
        let address = error.address.clone();
        let metadata: HashMap<_, _> = address
            .map(|address| ("address".to_string(), address))
            .into_iter()
            .collect();
        details.set_error_info(error.reason_name(), DOMAIN, metadata);
        if let Some(delay) = error.retry_after {
            details.set_retry_info(Some(delay));
        }
        let code = error.code();
        let message = crate::error::cut(error.message);
        if let Some(field) = error.field {
            details.add_bad_request_violation(field, message.as_str());
        }
        Status::with_error_details(code, message, details)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An adapter that is busy and says when to come back is passed on with that time.
    #[test]
    fn a_busy_adapter_says_when_to_come_back() {
        let mut busy = StoreError::new(crate::pb::ErrorReason::SqlLimitExceeded, "full");
        assert_eq!(HostError::from(busy.clone()).http_status(), 502);
        busy.retry_after = Some(Duration::from_secs(7));
        let told = HostError::from(busy);
        assert_eq!(told.http_status(), 503);
        assert_eq!(told.retry_after, Some(Duration::from_secs(7)));
    }

    /// Every reason is explained in docs/host-errors.md, with its code and status, as
    /// errors.proto states them.
    #[test]
    fn reasons_are_documented() {
        let page = include_str!("../../docs/host-errors.md");
        for number in 1..64 {
            let Ok(reason) = ErrorReason::try_from(number) else {
                continue;
            };
            let (code, status) = facts_of(reason);
            let row = format!("| `{}` | `{code:?}` | {status} |", reason_name(reason));
            assert!(page.contains(&row), "docs/host-errors.md lacks {row}");
        }
    }
}
