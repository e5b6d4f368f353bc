//! `OutboundToolRateLimiter` over `OutboundToolRateLimiterService`. It never keeps a
//! tool from running because it could not be asked.

use super::Remote;
use async_trait::async_trait;
use everruns_core::OutboundToolRateLimiter;
use everruns_core::typed_id::OrgId;
use mortise_proto::pb;
use mortise_proto::rpc::table::outbound_tool_rate_limiter_service::CHECK_ORG;
use std::time::Duration;
use tokio::time::timeout;

/// How long a tool waits for the answer.
const PATIENCE: Duration = Duration::from_secs(1);

#[async_trait]
impl OutboundToolRateLimiter for Remote {
    async fn check_org(&self, org_id: &OrgId) -> bool {
        let request = pb::CheckOrgRequest {
            context: None,
            org_id: org_id.to_string(),
        };
        let problem = match timeout(PATIENCE, self.call(&CHECK_ORG, request)).await {
            Ok(Ok(answer)) => return answer.allowed,
            Ok(Err(error)) => error.to_string(),
            Err(late) => late.to_string(),
        };
        tracing::debug!(
            org = self.org.id,
            problem,
            "the rate limiter cannot be asked"
        );
        true
    }
}
