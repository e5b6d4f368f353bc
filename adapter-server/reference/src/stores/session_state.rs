//! What a session is doing.

use crate::db::Tx;
use crate::db::errors::no_session;
use everruns_core::session::SessionStatus;
use everruns_core::typed_id::SessionId;
use mortise_proto::StoreError;

const STATE: &str = "SELECT s.status, i.archived_at, \
        (SELECT count(*) FROM turn_requests t \
         WHERE t.org_id = s.org_id AND t.session_id = s.id) \
    FROM sessions s \
    LEFT JOIN session_index i ON i.org_id = s.org_id AND i.session_id = s.id \
    WHERE s.org_id = $1 AND s.id = $2";

const ARCHIVED: &str = "archived";

/// What a session is doing.
pub(crate) struct State {
    /// In upstream's words, or `archived`.
    pub(crate) status: String,
    /// Whether a turn is running or asked for.
    pub(crate) is_busy: bool,
}

// === impl State ===

impl State {
    /// Whether nothing begins in it any more.
    pub(crate) fn is_archived(&self) -> bool {
        self.status == ARCHIVED
    }
}

/// What a session is doing. It must be in this org.
pub(crate) async fn find(tx: &mut Tx, id: SessionId) -> Result<State, StoreError> {
    let state = tx.query_as(STATE).bind(id.to_string());
    let row: Option<(String, Option<i64>, i64)> = state.fetch_optional().await?;
    let (status, archived_at, requests) = row.ok_or_else(|| no_session(id))?;
    let status = match status.as_str() {
        _ if archived_at.is_some() => ARCHIVED.to_string(),
        // Its turn has not begun yet.
        _ if requests > 0 => SessionStatus::Active.to_string(),
        status => status.to_lowercase(),
    };
    Ok(State {
        is_busy: status == SessionStatus::Active.to_string(),
        status,
    })
}
