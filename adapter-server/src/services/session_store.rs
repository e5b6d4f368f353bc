//! `SessionStoreService` over `SessionStore`.

use crate::AdapterSource;
use crate::serve::Serving;
use everruns_runtime::RuntimeHostAdapter;
use mortise_proto::convert::id;
use mortise_proto::pb;
use mortise_proto::pb::session_store_service_server::SessionStoreService;
use mortise_proto::rpc::table::session_store_service::GET_SESSION;
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl<S: AdapterSource> SessionStoreService for Serving<S> {
    async fn get_session(
        &self,
        request: Request<pb::GetSessionRequest>,
    ) -> Result<Response<pb::GetSessionResponse>, Status> {
        self.unary(&GET_SESSION, request, |call| async move {
            let session_id = id("session_id", &call.request.session_id)?;
            let store = call.adapter.session_store(call.scope.org_id);
            let session = store.get_session(session_id).await?;
            Ok(pb::GetSessionResponse {
                session: session.map(Into::into),
            })
        })
        .await
    }
}
