//! Errors of the storage.

use everruns_core::AgentLoopError;
use everruns_core::typed_id::SessionId;
use mortise_proto::StoreError;
use mortise_proto::error::Outcome;
use mortise_proto::pb::ErrorReason;

/// What a store finds wrong with a request, in the words that tools look for.
/// Nothing was changed.
pub(crate) fn refused(text: impl Into<String>) -> StoreError {
    StoreError::new(ErrorReason::Store, text).outcome(Outcome::NotApplied)
}

/// A change to a session that is not in this org.
pub(crate) fn no_session(session_id: impl std::fmt::Display) -> StoreError {
    refused(format!("session not found: {session_id}"))
}

/// A change to a session that is deleted.
pub(crate) fn session_archived(session_id: SessionId) -> StoreError {
    let text =
        format!("session {session_id} is archived: it was deleted and takes nothing any more");
    StoreError::new(ErrorReason::SessionArchived, text).with("id", session_id)
}

/// A session that is not in this org, in the variant that says so.
pub(crate) fn session_not_found(session_id: SessionId) -> StoreError {
    StoreError::new(
        ErrorReason::SessionNotFound,
        AgentLoopError::SessionNotFound(session_id).to_string(),
    )
    .with("id", session_id)
}
