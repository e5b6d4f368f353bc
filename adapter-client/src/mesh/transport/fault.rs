//! How an attempt failed, and how far it came. A call that provably reached no server is
//! sent again whatever it does; one that a server answered only where the table allows.

use mortise_proto::StoreError;
use mortise_proto::error::Outcome;
use mortise_proto::pb::ErrorReason;
use std::error::Error;
use tonic::{Code, Status};

/// How far a failed attempt came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::mesh) enum Reached {
    /// It never left this side.
    NoServer,
    /// The server said that it did not look at it (REFUSED_STREAM, or a GOAWAY that
    /// leaves it out).
    Refused,
    /// The connection broke in mid-call.
    Broken,
    /// Something else answered, in HTTP and not in gRPC: a proxy, a page to log in.
    Stranger,
    /// It was answered.
    Server,
}

/// A failed attempt.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::mesh) struct Failed {
    pub(in crate::mesh) error: StoreError,
    pub(in crate::mesh) reached: Reached,
}

/// What the HTTP library reports, on its way through tonic, which turns every error
/// into a status and keeps this one as its source.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.error)]
pub(in crate::mesh) struct Fault(pub(super) Failed);

// === impl Failed ===

impl Failed {
    /// There was no connection to send it on.
    pub(in crate::mesh) fn unsent(message: impl Into<String>) -> Self {
        let error = StoreError::new(ErrorReason::Unavailable, message);
        Self {
            error: error.outcome(Outcome::NotApplied),
            reached: Reached::NoServer,
        }
    }

    /// Only what went wrong.
    pub(in crate::mesh) fn into_error(self) -> StoreError {
        self.error
    }

    /// It was not sent, for this reason.
    pub(in crate::mesh) fn unsent_for(error: StoreError) -> Self {
        Self {
            error,
            reached: Reached::NoServer,
        }
    }

    /// The same, naming the endpoint.
    pub(in crate::mesh) fn at(mut self, address: &str) -> Self {
        if !self.error.message.contains(address) {
            self.error.message = format!("{address}: {}", self.error.message);
        }
        self
    }

    /// Something that is not the server answered.
    pub(in crate::mesh) fn by_stranger(error: StoreError) -> Self {
        Self {
            error,
            reached: Reached::Stranger,
        }
    }

    /// Whether it speaks against the endpoint: its connection broke, or it did not answer in
    /// time, or could not, or something else answered in its place, however quickly. One that
    /// is busy and says when to come back is well, and a call that had no connection says
    /// nothing.
    pub(in crate::mesh) fn is_of_endpoint(&self) -> bool {
        match self.reached {
            Reached::NoServer => false,
            Reached::Refused | Reached::Broken | Reached::Stranger => true,
            Reached::Server => {
                let is_busy = self.error.retry_after.is_some();
                let is_late = self.error.code == Code::DeadlineExceeded;
                is_late || (self.error.is_transient() && !is_busy)
            }
        }
    }

    fn refused(message: String) -> Self {
        Self {
            reached: Reached::Refused,
            ..Self::unsent(message)
        }
    }

    fn broken(message: String) -> Self {
        Self {
            error: StoreError::new(ErrorReason::Unavailable, message),
            reached: Reached::Broken,
        }
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self {
            error,
            reached: Reached::Server,
        }
    }
}

impl From<Status> for Failed {
    fn from(status: Status) -> Self {
        let mut source = Error::source(&status);
        while let Some(cause) = source {
            if let Some(Fault(failed)) = cause.downcast_ref::<Fault>() {
                return failed.clone();
            }
            source = cause.source();
        }
        StoreError::from(status).into()
    }
}

impl From<Failed> for StoreError {
    fn from(failed: Failed) -> Self {
        failed.error
    }
}

// === impl Fault ===

impl Fault {
    /// An error of the HTTP library.
    pub(super) fn new(error: &hyper::Error, never_left: bool) -> Self {
        let text = with_causes(error);
        if never_left {
            return Self(Failed::unsent(format!(
                "the connection was closed before the call left: {text}"
            )));
        }
        let failed = match h2_error(error) {
            Some(cause) if is_refusal(cause) => Failed::refused(text),
            Some(cause) if is_oversized(cause) => {
                let text = format!(
                    "the headers of the answer are larger than {} bytes, which is what this side takes; the server must send less",
                    mortise_proto::MAX_HEADER_LIST_BYTES
                );
                let error = StoreError::new(ErrorReason::MessageTooLarge, text);
                error.outcome(Outcome::Unknown).into()
            }
            Some(_) | None => Failed::broken(text),
        };
        Self(failed)
    }
}

fn h2_error(error: &hyper::Error) -> Option<&h2::Error> {
    error.source().and_then(|cause| cause.downcast_ref())
}

/// The server did not look at the call: RFC 9113, 8.7. A GOAWAY fails only the streams
/// that it leaves out.
fn is_refusal(cause: &h2::Error) -> bool {
    let is_refused = cause.reason() == Some(h2::Reason::REFUSED_STREAM);
    cause.is_remote() && (cause.is_go_away() || (cause.is_reset() && is_refused))
}

/// The library ends a stream whose header list is larger than what was announced.
fn is_oversized(cause: &h2::Error) -> bool {
    let is_refused = cause.reason() == Some(h2::Reason::REFUSED_STREAM);
    cause.is_library() && cause.is_reset() && is_refused
}

/// A text and those of its causes.
pub(super) fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = cause.source();
    }
    text
}
