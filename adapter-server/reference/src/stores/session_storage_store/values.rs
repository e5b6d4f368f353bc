//! Values. They are no secrets by their contract, but a model may put one there and
//! nobody stops it. So they are sealed where there is a key: it costs a value some 60
//! bytes and a call about a microsecond, and nothing is chosen or sorted by a value.
//! Names are kept in clear.

use crate::db::db_error;
use crate::reference::ScopedReference;
use crate::seal::{AssociatedData, opened, stored};
use crate::stores::session_storage_store::{VALUES, moved};
use crate::stores::session_store;
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
        let session = session_id.to_string();
        let record = pb::GetValueResponse {
            value: Some(value.into()),
        };
        let bound = place(org_id, &session, key);
        let body = stored(self.inner.key.as_ref(), bound, &record)?;
        self.run_once(async |tx| {
            session_store::must_be_open(tx, org_id, session_id).await?;
            let now = moved(tx, &VALUES, org_id, session_id, key).await?;
            sqlx::query(SET_VALUE)
                .bind(org_id)
                .bind(session.as_str())
                .bind(key.as_bytes())
                .bind(now)
                .bind(body)
                .execute(tx)
                .await
                .map_err(db_error)?;
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
        let org_id = self.scope.org_id;
        let session = session_id.to_string();
        let mut conn = self.inner.db.reader().await?;
        let row: Option<(Vec<u8>,)> = sqlx::query_as(GET_VALUE)
            .bind(org_id)
            .bind(session.as_str())
            .bind(key.as_bytes())
            .fetch_optional(&mut *conn)
            .await
            .map_err(db_error)?;
        let Some((body,)) = row else {
            return Ok(None);
        };
        let bound = place(org_id, &session, key);
        let record: pb::GetValueResponse = opened(self.inner.key.as_ref(), bound, &body)?;
        Ok(record.value)
    }
}

fn place<'a>(org_id: i64, session_id: &'a str, key: &'a str) -> AssociatedData<'a> {
    AssociatedData::Record {
        org_id,
        table: "session_values",
        row: [session_id, key],
    }
}
