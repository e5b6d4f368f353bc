//! `SessionStoreService` over `SessionStore`.

use crate::serve::{Call, HandlerResult};
use mortise_proto::convert::id;
use mortise_proto::pb;

pub(super) async fn get_session(
    call: Call<pb::GetSessionRequest>,
) -> HandlerResult<pb::GetSessionResponse> {
    let session_id = id("session_id", &call.request.session_id)?;
    let store = call.adapter.session_store(call.scope.org_id);
    let session = store.get_session(session_id).await?;
    Ok(pb::GetSessionResponse {
        session: session.map(Into::into),
    })
}
