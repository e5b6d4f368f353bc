//! `HarnessStore` over `HarnessStoreService`.

use super::{Remote, malformed};
use async_trait::async_trait;
use everruns_core::Harness;
use everruns_core::error::Result;
use everruns_core::traits::HarnessStore;
use everruns_core::typed_id::HarnessId;
use mortise_proto::convert::list;
use mortise_proto::pb;
use mortise_proto::rpc::table::harness_store_service::GET_HARNESS_CHAIN;

#[async_trait]
impl HarnessStore for Remote {
    async fn get_harness_chain(&self, harness_id: HarnessId) -> Result<Vec<Harness>> {
        let request = pb::GetHarnessChainRequest {
            context: None,
            harness_id: harness_id.to_string(),
        };
        let answer = self.call(&GET_HARNESS_CHAIN, request).await?;
        list("harnesses", answer.harnesses).map_err(malformed(GET_HARNESS_CHAIN.method))
    }
}
