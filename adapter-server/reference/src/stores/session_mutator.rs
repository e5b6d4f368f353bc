//! Changes to a session that tools may make.

use crate::db::encoding::stored_fault;
use crate::db::errors::into_upstream;
use crate::reference::ScopedReference;
use crate::stores::session_store;
use async_trait::async_trait;
use everruns_core::typed_id::SessionId;
use everruns_core::{AgentLoopError, Session, traits::SessionMutator};
use mortise_proto::convert::nested;
use mortise_proto::{StoreError, pb};

#[async_trait]
impl SessionMutator for ScopedReference {
    async fn update_session_title(
        &self,
        session_id: SessionId,
        title: String,
    ) -> Result<Session, AgentLoopError> {
        self.set_title(session_id, title)
            .await
            .map_err(into_upstream)
    }
}

impl ScopedReference {
    async fn set_title(&self, session_id: SessionId, title: String) -> Result<Session, StoreError> {
        let (org_id, key) = (self.scope.org_id, self.inner.key.as_ref());
        let answer = self
            .run_once(async |tx| {
                let session = session_store::update(tx, org_id, key, session_id, |session, _| {
                    session.title = Some(title);
                });
                Ok(pb::UpdateSessionTitleResponse {
                    session: Some(session.await?),
                })
            })
            .await?;
        nested("session", answer.session).map_err(stored_fault)
    }
}
