//! `SessionMutator` over `SessionMutatorService`.

use super::{Remote, malformed};
use async_trait::async_trait;
use everruns_core::Session;
use everruns_core::error::Result;
use everruns_core::traits::SessionMutator;
use everruns_core::typed_id::SessionId;
use mortise_proto::convert::nested;
use mortise_proto::pb;
use mortise_proto::rpc::table::session_mutator_service::UPDATE_SESSION_TITLE;

#[async_trait]
impl SessionMutator for Remote {
    async fn update_session_title(&self, session_id: SessionId, title: String) -> Result<Session> {
        let request = pb::UpdateSessionTitleRequest {
            context: None,
            session_id: session_id.to_string(),
            title,
        };
        let answer = self.call(&UPDATE_SESSION_TITLE, request).await?;
        let session = nested("session", answer.session);
        session.map_err(malformed(UPDATE_SESSION_TITLE.method))
    }
}
