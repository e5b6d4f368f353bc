//! `HarnessStoreService` over `HarnessStore`.

use crate::AdapterSource;
use crate::serve::Serving;
use everruns_runtime::RuntimeHostAdapter;
use mortise_proto::convert::id;
use mortise_proto::pb;
use mortise_proto::pb::harness_store_service_server::HarnessStoreService;
use mortise_proto::rpc::table::harness_store_service::GET_HARNESS_CHAIN;
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl<S: AdapterSource> HarnessStoreService for Serving<S> {
    async fn get_harness_chain(
        &self,
        request: Request<pb::GetHarnessChainRequest>,
    ) -> Result<Response<pb::GetHarnessChainResponse>, Status> {
        self.unary(&GET_HARNESS_CHAIN, request, |call| async move {
            let harness_id = id("harness_id", &call.request.harness_id)?;
            let store = call.adapter.harness_store(call.scope.org_id);
            let chain = store.get_harness_chain(harness_id).await?;
            Ok(pb::GetHarnessChainResponse {
                harnesses: chain.into_iter().map(Into::into).collect(),
            })
        })
        .await
    }
}
