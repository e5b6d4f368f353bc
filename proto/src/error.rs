//! The one error of the contract, and the only place that makes or reads a
//! `tonic::Status`.
//!
//! A [`StoreError`] carries three facts: a gRPC `code` and a `reason` of the
//! closed set in `errors.proto`, the `outcome` (whether a failed change
//! happened), and a raw message. See `errors.proto` for the form on the wire.

use crate::pb::ErrorReason;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::time::Duration;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// The domain of every reason.
pub const DOMAIN: &str = "mortise.adapter.v1";

/// The most of an error's text that crosses the wire, in bytes. The text travels
/// in response headers, up to four times over (percent-encoded, and in the details),
/// and many clients take 16 KiB of those.
pub const MAX_TEXT_BYTES: usize = 2 * 1024;

const OUTCOME: &str = "outcome";

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct StoreError {
    /// The gRPC code.
    pub code: Code,
    /// The reason; `None` when the other side gave none that this build knows.
    pub reason: Option<ErrorReason>,
    /// Whether a failed change happened.
    pub outcome: Outcome,
    /// The raw text, without a prefix.
    pub message: String,
    /// The dynamic parts of the message.
    pub metadata: BTreeMap<String, String>,
    /// When to come back.
    pub retry_after: Option<Duration>,
    /// The field that is wrong, for `INVALID_FIELD`.
    pub field: Option<String>,
}

/// Whether a change whose call failed happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It certainly did not.
    NotApplied,
    /// It certainly did.
    Applied,
    /// Nobody knows.
    Unknown,
}

// === impl StoreError ===

impl StoreError {
    /// An error of a known reason; the code follows from it.
    pub fn new(reason: ErrorReason, message: impl Into<String>) -> Self {
        let code = code_of(reason);
        Self {
            code,
            reason: Some(reason),
            outcome: default_outcome(code),
            message: message.into(),
            metadata: BTreeMap::new(),
            retry_after: None,
            field: None,
        }
    }

    /// A request field that is missing or malformed.
    pub fn invalid_field(field: impl Into<String>, problem: impl AsRef<str>) -> Self {
        let field = field.into();
        let mut error = Self::new(
            ErrorReason::InvalidField,
            format!("{field}: {}", problem.as_ref()),
        );
        error.field = Some(field);
        error
    }

    /// A caller that did not prove who it is. Nothing was looked at, so the code says all.
    #[must_use]
    pub fn unauthenticated(problem: impl Into<String>) -> Self {
        let mut error = Self::new(ErrorReason::NotAllowed, problem);
        error.code = Code::Unauthenticated;
        error.reason = None;
        error.outcome = Outcome::NotApplied;
        error
    }

    /// A message that is larger than its receiver allows.
    #[must_use]
    pub fn too_large(what: &str, size: usize, limit: usize) -> Self {
        Self::new(
            ErrorReason::MessageTooLarge,
            format!("{what} is {size} bytes, the limit is {limit} bytes"),
        )
        .with("size_bytes", size)
        .with("limit_bytes", limit)
    }

    /// An error that travelled in a message instead of a status.
    #[must_use]
    pub fn from_parts(
        code: i32,
        reason: &str,
        message: String,
        mut metadata: BTreeMap<String, String>,
    ) -> Self {
        let code = Code::from_i32(code);
        Self {
            code,
            reason: reason_of(reason),
            outcome: take_outcome(&mut metadata, code),
            message,
            metadata,
            retry_after: None,
            field: None,
        }
    }

    /// The parts of an error that travels in a message instead of a status: code,
    /// reason, text and dynamic parts.
    #[must_use]
    pub fn into_parts(self) -> (i32, &'static str, String, BTreeMap<String, String>) {
        let mut metadata = self.metadata;
        if self.outcome != default_outcome(self.code) {
            metadata.insert(OUTCOME.into(), self.outcome.as_str().into());
        }
        let reason = self.reason.map(reason_name).unwrap_or_default();
        (self.code as i32, reason, cut(self.message), metadata)
    }

    /// Adds a dynamic part.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl ToString) -> Self {
        self.metadata.insert(key.into(), value.to_string());
        self
    }

    /// States whether the change happened.
    #[must_use]
    pub fn outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        self
    }

    /// Whether the same call may succeed if it is sent again soon.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.code == Code::Unavailable
    }

    /// Whether a call that may be repeated can end otherwise later. It is final where the
    /// server has decided: where it certainly did not happen and no time was named at
    /// which to come back. Nothing else says so, and never the text.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self.code {
            Code::Unavailable => true,
            Code::DeadlineExceeded | Code::Cancelled | Code::Internal | Code::Unknown => {
                self.outcome == Outcome::Unknown
            }
            Code::ResourceExhausted | Code::Aborted => self.retry_after.is_some(),
            Code::Ok
            | Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::PermissionDenied
            | Code::FailedPrecondition
            | Code::OutOfRange
            | Code::Unimplemented
            | Code::DataLoss
            | Code::Unauthenticated => false,
        }
    }
}

impl From<StoreError> for Status {
    fn from(error: StoreError) -> Self {
        let mut metadata: HashMap<String, String> = error.metadata.into_iter().collect();
        if error.outcome != default_outcome(error.code) {
            metadata.insert(OUTCOME.into(), error.outcome.as_str().into());
        }
        let mut details = ErrorDetails::new();
        if let Some(reason) = error.reason {
            details.set_error_info(reason_name(reason), DOMAIN, metadata);
        }
        if let Some(delay) = error.retry_after {
            details.set_retry_info(Some(delay));
        }
        let message = cut(error.message);
        if let Some(field) = error.field {
            details.add_bad_request_violation(field, message.as_str());
        }
        Status::with_error_details(error.code, message, details)
    }
}

impl From<Status> for StoreError {
    fn from(status: Status) -> Self {
        if let Some(refusal) = refused_in_transport(&status) {
            return Self::unauthenticated(refusal);
        }
        if broke_in_transport(&status) {
            return Self::new(ErrorReason::Unavailable, message_of(&status));
        }
        let details = status.get_error_details();
        let (reason, mut metadata) = match details.error_info() {
            Some(info) if info.domain == DOMAIN => (
                reason_of(&info.reason),
                info.metadata.clone().into_iter().collect(),
            ),
            Some(_) | None => (None, BTreeMap::new()),
        };
        let code = status.code();
        Self {
            code,
            reason,
            outcome: take_outcome(&mut metadata, code),
            message: message_of(&status),
            metadata,
            retry_after: details.retry_info().and_then(|info| info.retry_delay),
            field: details
                .bad_request()
                .and_then(|bad| bad.field_violations.first())
                .map(|violation| violation.field.clone()),
        }
    }
}

// === impl Outcome ===

impl Outcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::NotApplied => "not_applied",
            Self::Applied => "applied",
            Self::Unknown => "unknown",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::NotApplied, Self::Applied, Self::Unknown]
            .into_iter()
            .find(|outcome| outcome.as_str() == text)
    }
}

/// The status of a message that cannot be decoded: the other side breaks the
/// contract. For codecs.
#[must_use]
pub fn malformed(fault: prost::DecodeError) -> Status {
    StoreError::new(
        ErrorReason::Malformed,
        format!("the answer cannot be decoded: {fault}"),
    )
    .into()
}

/// `SESSION_NOT_FOUND` for `ErrorReason::SessionNotFound`.
#[must_use]
pub fn reason_name(reason: ErrorReason) -> &'static str {
    reason.as_str_name().trim_start_matches("ERROR_REASON_")
}

fn reason_of(name: &str) -> Option<ErrorReason> {
    ErrorReason::from_str_name(&format!("ERROR_REASON_{name}"))
}

fn take_outcome(metadata: &mut BTreeMap<String, String>, code: Code) -> Outcome {
    metadata
        .remove(OUTCOME)
        .and_then(|stated| Outcome::parse(&stated))
        .unwrap_or_else(|| default_outcome(code))
}

/// The gRPC code that a reason travels under; see `errors.proto`.
fn code_of(reason: ErrorReason) -> Code {
    use ErrorReason as R;
    match reason {
        R::InvalidField
        | R::RequestIdReused
        | R::SqlInvalidDatabaseName
        | R::SqlQueryError
        | R::EgressInvalidRequest => Code::InvalidArgument,
        R::MessageTooLarge
        | R::LlmRequestTooLarge
        | R::MaxIterationsReached
        | R::SqlLimitExceeded
        | R::SqlResultTooLarge => Code::ResourceExhausted,
        R::NotOffered => Code::Unimplemented,
        R::ProtocolMismatch
        | R::ModelNotAvailable
        | R::Configuration
        | R::NoMessages
        | R::DriverNotRegistered
        | R::SessionArchived
        | R::Held
        | R::EgressSigningUnavailable => Code::FailedPrecondition,
        R::Unavailable => Code::Unavailable,
        R::DeadlineExceeded => Code::DeadlineExceeded,
        R::NotAllowed | R::SqlAuthorizerBlocked | R::EgressNetworkAccessDenied => {
            Code::PermissionDenied
        }
        R::Malformed => Code::DataLoss,
        R::LoopCancelled | R::SqlQueryTimeout | R::Fenced => Code::Aborted,
        R::AgentNotFound | R::HarnessNotFound | R::SessionNotFound | R::SqlDatabaseNotFound => {
            Code::NotFound
        }
        R::SqlDatabaseAlreadyExists => Code::AlreadyExists,
        R::Llm
        | R::ToolExecution
        | R::Store
        | R::EventEmission
        | R::Internal
        | R::SqlInternal
        | R::EgressTransport => Code::Internal,
        R::Unspecified => Code::Unknown,
    }
}

fn default_outcome(code: Code) -> Outcome {
    match code {
        Code::Unavailable
        | Code::DeadlineExceeded
        | Code::Cancelled
        | Code::Internal
        | Code::Unknown => Outcome::Unknown,
        Code::Ok => Outcome::Applied,
        Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::DataLoss
        | Code::Unauthenticated => Outcome::NotApplied,
    }
}

/// Whether a status was made on this side because the connection failed. Only
/// those have a source: one that came over the wire is all there is. tonic gives
/// them various codes (a connection that is reset in mid-call is UNKNOWN).
fn broke_in_transport(status: &Status) -> bool {
    std::error::Error::source(status).is_some()
        && matches!(
            status.code(),
            Code::Unavailable | Code::Unknown | Code::Internal | Code::Cancelled
        )
}

/// Why the other side let no connection stand, where that is known: it takes no client
/// without a certificate. The connection says so by its error's kind, which HTTP/2 keeps;
/// one of the operating system (a socket that may not be opened) has a number beside it.
fn refused_in_transport(status: &Status) -> Option<String> {
    let mut source = std::error::Error::source(status);
    while let Some(cause) = source {
        if let Some(error) = cause.downcast_ref::<io::Error>()
            && error.kind() == io::ErrorKind::PermissionDenied
            && error.raw_os_error().is_none()
        {
            return Some(error.to_string());
        }
        source = cause.source();
    }
    None
}

/// What a person needs to know: tonic says "tcp connect error" and keeps the
/// cause (refused, no such file) in the chain of sources.
fn message_of(status: &Status) -> String {
    let mut message = status.message().to_string();
    let mut source = std::error::Error::source(status);
    while let Some(cause) = source {
        let text = cause.to_string();
        if !message.contains(&text) {
            message = if message.is_empty() {
                text
            } else {
                format!("{message}: {text}")
            };
        }
        source = cause.source();
    }
    message
}

pub(crate) fn cut(mut text: String) -> String {
    if text.len() <= MAX_TEXT_BYTES {
        return text;
    }
    let note = format!(" ... (cut, {} bytes in all)", text.len());
    let mut end = MAX_TEXT_BYTES - note.len();
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text + &note
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every reason comes back as it went in, with its dynamic parts.
    #[test]
    fn errors_survive_the_wire() {
        for number in 1..128 {
            let Ok(reason) = ErrorReason::try_from(number) else {
                continue;
            };
            let mut error = StoreError::new(reason, "über \"50%\"\nsecond line")
                .with("id", "session_0")
                .outcome(Outcome::Applied);
            error.retry_after = Some(Duration::from_millis(1500));
            assert_eq!(StoreError::from(Status::from(error.clone())), error);
        }
    }

    /// Every reason is explained in docs/errors.md, with its code.
    #[test]
    fn reasons_are_documented() {
        let page = include_str!("../../docs/errors.md");
        for number in 1..128 {
            let Ok(reason) = ErrorReason::try_from(number) else {
                continue;
            };
            let row = format!("| `{}` | `", reason_name(reason));
            assert!(page.contains(&row), "docs/errors.md lacks {row}");
        }
    }

    /// A field that is wrong is named apart from the text.
    #[test]
    fn the_wrong_field_is_named() {
        let error = StoreError::invalid_field("context.org_id", "is 0; set the org's id");
        let back = StoreError::from(Status::from(error));
        assert_eq!(back.field.as_deref(), Some("context.org_id"));
        assert_eq!(back.message, "context.org_id: is 0; set the org's id");
    }

    /// Whether an error passes is a matter of code, outcome and the time to come back.
    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "a status of a server that gives no reason"
    )]
    fn final_and_passing_are_told_apart_by_code_and_outcome() {
        let error = |code| StoreError::from(Status::new(code, "not found, try again"));
        for code in (1..=16).map(Code::from) {
            let passes = matches!(
                code,
                Code::Unavailable
                    | Code::DeadlineExceeded
                    | Code::Cancelled
                    | Code::Internal
                    | Code::Unknown
            );
            assert_eq!(error(code).may_pass(), passes, "{code:?}");
        }
        let refused = StoreError::new(ErrorReason::Store, "x").outcome(Outcome::NotApplied);
        assert!(!refused.may_pass());
        for code in [Code::ResourceExhausted, Code::Aborted] {
            let mut later = error(code);
            later.retry_after = Some(Duration::from_secs(1));
            assert!(later.may_pass(), "{code:?}");
        }
    }

    /// A text of any length and script fits the headers, and says that it was cut.
    #[test]
    fn long_texts_are_cut_between_characters() {
        let error = StoreError::new(ErrorReason::Store, "ü".repeat(MAX_TEXT_BYTES));
        let back = StoreError::from(Status::from(error));
        assert!(back.message.len() <= MAX_TEXT_BYTES);
        assert!(back.message.ends_with("(cut, 4096 bytes in all)"));
    }
}
