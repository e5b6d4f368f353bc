//! `OutboundToolRateLimiterService` over `OutboundToolRateLimiter`, where the adapter
//! has one.

use crate::serve::{Call, HandlerResult, not_offered};
use mortise_proto::convert::id;
use mortise_proto::pb;
use mortise_proto::rpc::table::outbound_tool_rate_limiter_service::NAME;

pub(super) async fn check_org(
    call: Call<pb::CheckOrgRequest>,
) -> HandlerResult<pb::CheckOrgResponse> {
    let limiter = call.adapter.outbound_tool_rate_limiter(call.scope.org_id);
    let limiter = limiter.ok_or_else(|| not_offered(NAME))?;
    let org_id = id("org_id", &call.request.org_id)?;
    let allowed = limiter.check_org(&org_id).await;
    Ok(pb::CheckOrgResponse { allowed })
}
