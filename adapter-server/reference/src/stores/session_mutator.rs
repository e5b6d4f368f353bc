//! Changes to a session that tools may make.

use crate::context::{StoreCtx, upstream};
use crate::encoding::stored_fault;
use crate::stores::session_store;
use async_trait::async_trait;
use everruns_core::typed_id::SessionId;
use everruns_core::{AgentLoopError, Session, traits::SessionMutator};
use mortise_proto::convert::nested;
use mortise_proto::pb;

/// Changes to the sessions of an org.
#[derive(Debug)]
pub(crate) struct SessionChanges {
    pub(crate) ctx: StoreCtx,
}

#[async_trait]
impl SessionMutator for SessionChanges {
    async fn update_session_title(
        &self,
        session_id: SessionId,
        title: String,
    ) -> Result<Session, AgentLoopError> {
        let change = self.ctx.run_once(async |tx| {
            let session = session_store::update(tx, session_id, |session, _| {
                session.title = Some(title);
            });
            Ok(pb::UpdateSessionTitleResponse {
                session: Some(session.await?),
            })
        });
        upstream(async { nested("session", change.await?.session).map_err(stored_fault) }).await
    }
}
