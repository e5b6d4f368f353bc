//! `SessionMutatorService` over `SessionMutator`.

use crate::serve::{Call, HandlerResult};
use mortise_proto::convert::id;
use mortise_proto::pb;

pub(super) async fn update_session_title(
    call: Call<pb::UpdateSessionTitleRequest>,
) -> HandlerResult<pb::UpdateSessionTitleResponse> {
    let session_id = id("session_id", &call.request.session_id)?;
    let store = call.adapter.session_mutator(call.scope.org_id);
    let session = store
        .update_session_title(session_id, call.request.title)
        .await?;
    Ok(pb::UpdateSessionTitleResponse {
        session: Some(session.into()),
    })
}
