//! `SessionStore` over `SessionStoreService`.

use super::{Remote, malformed};
use async_trait::async_trait;
use everruns_core::Session;
use everruns_core::error::Result;
use everruns_core::traits::SessionStore;
use everruns_core::typed_id::SessionId;
use mortise_proto::pb;
use mortise_proto::rpc::table::session_store_service::GET_SESSION;

#[async_trait]
impl SessionStore for Remote {
    async fn get_session(&self, session_id: SessionId) -> Result<Option<Session>> {
        let request = pb::GetSessionRequest {
            context: None,
            session_id: session_id.to_string(),
        };
        let answer = self.call(&GET_SESSION, request).await?;
        let session = answer.session.map(TryInto::try_into).transpose();
        session.map_err(malformed(GET_SESSION.method))
    }
}
