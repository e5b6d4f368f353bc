//! `OutboundToolRateLimiterService` over `OutboundToolRateLimiter`, where the adapter
//! has one.

use crate::AdapterSource;
use crate::serve::{Serving, not_offered};
use everruns_runtime::RuntimeHostAdapter;
use mortise_proto::convert::id;
use mortise_proto::pb;
use mortise_proto::pb::outbound_tool_rate_limiter_service_server::OutboundToolRateLimiterService;
use mortise_proto::rpc::table::outbound_tool_rate_limiter_service::{CHECK_ORG, NAME};
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl<S: AdapterSource> OutboundToolRateLimiterService for Serving<S> {
    async fn check_org(
        &self,
        request: Request<pb::CheckOrgRequest>,
    ) -> Result<Response<pb::CheckOrgResponse>, Status> {
        self.unary(&CHECK_ORG, request, |call| async move {
            let limiter = call.adapter.outbound_tool_rate_limiter(call.scope.org_id);
            let limiter = limiter.ok_or_else(|| not_offered(NAME))?;
            let org_id = id("org_id", &call.request.org_id)?;
            let allowed = limiter.check_org(&org_id).await;
            Ok(pb::CheckOrgResponse { allowed })
        })
        .await
    }
}
