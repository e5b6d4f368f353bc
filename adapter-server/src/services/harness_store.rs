//! `HarnessStoreService` over `HarnessStore`.

use crate::serve::{Call, HandlerResult};
use mortise_proto::convert::id;
use mortise_proto::pb;

pub(super) async fn get_harness_chain(
    call: Call<pb::GetHarnessChainRequest>,
) -> HandlerResult<pb::GetHarnessChainResponse> {
    let harness_id = id("harness_id", &call.request.harness_id)?;
    let store = call.adapter.harness_store(call.scope.org_id);
    let chain = store.get_harness_chain(harness_id).await?;
    Ok(pb::GetHarnessChainResponse {
        harnesses: chain.into_iter().map(Into::into).collect(),
    })
}
