//! `OutboundToolRateLimiter` over `OutboundToolRateLimiterService`. It never keeps a
//! tool from running because it could not be asked: the method's options say so, and the
//! call itself holds them.

use super::Remote;
use async_trait::async_trait;
use everruns_core::OutboundToolRateLimiter;
use everruns_core::typed_id::OrgId;
use mortise_proto::pb;
use mortise_proto::rpc::table::outbound_tool_rate_limiter_service::CHECK_ORG;

#[async_trait]
impl OutboundToolRateLimiter for Remote {
    async fn check_org(&self, org_id: &OrgId) -> bool {
        let request = pb::CheckOrgRequest {
            context: None,
            org_id: org_id.to_string(),
        };
        let answer = self.call(&CHECK_ORG, request).await;
        answer.is_ok_and(|answer| answer.allowed)
    }
}
