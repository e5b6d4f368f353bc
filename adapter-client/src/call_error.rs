//! The error of a call as the host's side takes it. Upstream's loop acts on variants and
//! on words in texts, so the reason becomes a variant, and a text says whether the error
//! will pass. A server's side wants the opposite, every fact kept: that is the `From` of
//! [`StoreError`] itself. The two are different types, so that no `?` takes one for the
//! other.

use everruns_core::AgentLoopError;
use everruns_core::egress::EgressError;
use everruns_core::session_sqldb::SessionSqlDbError;
use mortise_proto::StoreError;
use mortise_proto::convert::error::into_host_error;
use mortise_proto::convert::{egress, session_sql_db_store};

/// Why a call to an adapter failed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(transparent)]
pub(crate) struct CallError(pub(crate) StoreError);

impl From<StoreError> for CallError {
    fn from(error: StoreError) -> Self {
        Self(error)
    }
}

impl From<CallError> for StoreError {
    fn from(error: CallError) -> Self {
        error.0
    }
}

impl From<CallError> for AgentLoopError {
    fn from(error: CallError) -> Self {
        into_host_error(error.0)
    }
}

impl From<CallError> for EgressError {
    fn from(error: CallError) -> Self {
        egress::into_host_error(error.0)
    }
}

impl From<CallError> for SessionSqlDbError {
    fn from(error: CallError) -> Self {
        session_sql_db_store::into_host_error(error.0)
    }
}
