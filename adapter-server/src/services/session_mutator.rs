//! `SessionMutatorService` over `SessionMutator`.

use crate::AdapterSource;
use crate::serve::Serving;
use everruns_runtime::RuntimeHostAdapter;
use mortise_proto::convert::id;
use mortise_proto::pb;
use mortise_proto::pb::session_mutator_service_server::SessionMutatorService;
use mortise_proto::rpc::table::session_mutator_service::UPDATE_SESSION_TITLE;
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl<S: AdapterSource> SessionMutatorService for Serving<S> {
    async fn update_session_title(
        &self,
        request: Request<pb::UpdateSessionTitleRequest>,
    ) -> Result<Response<pb::UpdateSessionTitleResponse>, Status> {
        self.unary(&UPDATE_SESSION_TITLE, request, |call| async move {
            let session_id = id("session_id", &call.request.session_id)?;
            let store = call.adapter.session_mutator(call.scope.org_id);
            let session = store
                .update_session_title(session_id, call.request.title)
                .await?;
            Ok(pb::UpdateSessionTitleResponse {
                session: Some(session.into()),
            })
        })
        .await
    }
}
