//! Secrets, sealed.

use crate::db::db_error;
use crate::reference::ScopedReference;
use crate::seal;
use crate::seal::{AssociatedData, Sealed};
use crate::stores::session_storage_store::{SECRETS, moved};
use crate::stores::session_store;
use everruns_core::typed_id::SessionId;
use mortise_proto::{StoreError, pb};

const SET_SECRET: &str = "INSERT INTO session_secrets \
        (org_id, session_id, name, created_at, updated_at, key_id, nonce, sealed) \
    VALUES ($1, $2, $3, $4, $4, $5, $6, $7) \
    ON CONFLICT (org_id, session_id, name) \
    DO UPDATE SET updated_at = excluded.updated_at, key_id = excluded.key_id, \
                  nonce = excluded.nonce, sealed = excluded.sealed";

const GET_SECRET: &str = "SELECT key_id, nonce, sealed FROM session_secrets \
                          WHERE org_id = $1 AND session_id = $2 AND name = $3";

impl ScopedReference {
    pub(super) async fn set_sealed(
        &self,
        session_id: SessionId,
        name: &str,
        value: &str,
    ) -> Result<(), StoreError> {
        let org_id = self.scope.org_id;
        let session = session_id.to_string();
        let bound = AssociatedData::Secret {
            org_id,
            session_id: &session,
            name,
        };
        let sealed = seal::seal(self.inner.key.as_ref(), bound, value)?;
        self.run_once(async |tx| {
            session_store::must_be_open(tx, org_id, session_id).await?;
            let now = moved(tx, &SECRETS, org_id, session_id, name).await?;
            sqlx::query(SET_SECRET)
                .bind(org_id)
                .bind(session.as_str())
                .bind(name.as_bytes())
                .bind(now)
                .bind(sealed.key_id.as_str())
                .bind(sealed.nonce.as_slice())
                .bind(sealed.text.as_slice())
                .execute(tx)
                .await
                .map_err(db_error)?;
            Ok(pb::SetSecretResponse {})
        })
        .await
        .map(|pb::SetSecretResponse {}| ())
    }

    pub(super) async fn sealed(
        &self,
        session_id: SessionId,
        name: &str,
    ) -> Result<Option<String>, StoreError> {
        let key = self.inner.key.as_ref();
        seal::configured(key)?;
        let org_id = self.scope.org_id;
        let session = session_id.to_string();
        let mut conn = self.inner.db.reader().await?;
        let row: Option<(String, Vec<u8>, Vec<u8>)> = sqlx::query_as(GET_SECRET)
            .bind(org_id)
            .bind(session.as_str())
            .bind(name.as_bytes())
            .fetch_optional(&mut *conn)
            .await
            .map_err(db_error)?;
        let bound = AssociatedData::Secret {
            org_id,
            session_id: &session,
            name,
        };
        let open = |(key_id, nonce, text)| {
            let sealed = Sealed {
                key_id,
                nonce,
                text,
            };
            seal::unseal(key, bound, &sealed)
        };
        row.map(open).transpose()
    }
}
