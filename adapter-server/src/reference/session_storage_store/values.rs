//! Values.

use super::{VALUES, moved, text};
use crate::reference::db::fault;
use crate::reference::{ScopedReference, session_store};
use everruns_core::typed_id::SessionId;
use mortise_proto::{StoreError, pb};

const SET_VALUE: &str = "INSERT INTO session_values \
        (org_id, session_id, name, created_at, updated_at, value) \
    VALUES ($1, $2, $3, $4, $4, $5) \
    ON CONFLICT (org_id, session_id, name) \
    DO UPDATE SET updated_at = excluded.updated_at, value = excluded.value";

const GET_VALUE: &str = "SELECT value FROM session_values \
                         WHERE org_id = $1 AND session_id = $2 AND name = $3";

impl ScopedReference {
    pub(super) async fn set_plain(
        &self,
        session_id: SessionId,
        key: &str,
        value: &str,
    ) -> Result<(), StoreError> {
        let org_id = self.scope.org_id;
        self.once(async |tx| {
            session_store::must_exist(tx, org_id, session_id).await?;
            let now = moved(tx, &VALUES, org_id, session_id, key).await?;
            sqlx::query(SET_VALUE)
                .bind(org_id)
                .bind(session_id.to_string())
                .bind(key.as_bytes())
                .bind(now)
                .bind(value.as_bytes())
                .execute(tx)
                .await
                .map_err(fault)?;
            Ok(pb::SetValueResponse {})
        })
        .await
        .map(|pb::SetValueResponse {}| ())
    }

    pub(super) async fn plain(
        &self,
        session_id: SessionId,
        key: &str,
    ) -> Result<Option<String>, StoreError> {
        let mut conn = self.inner.db.reader().await?;
        let row: Option<(Vec<u8>,)> = sqlx::query_as(GET_VALUE)
            .bind(self.scope.org_id)
            .bind(session_id.to_string())
            .bind(key.as_bytes())
            .fetch_optional(&mut *conn)
            .await
            .map_err(fault)?;
        row.map(|(value,)| text(value)).transpose()
    }
}
