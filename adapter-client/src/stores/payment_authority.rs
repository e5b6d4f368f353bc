//! `PaymentAuthority` over `PaymentAuthorityService`.

use super::{Remote, malformed};
use async_trait::async_trait;
use everruns_core::error::Result;
use everruns_core::payment::{MachinePaymentRequest, MachinePaymentResponse};
use everruns_core::traits::PaymentAuthority;
use everruns_core::typed_id::{AgentId, SessionId};
use mortise_proto::convert::nested;
use mortise_proto::pb;
use mortise_proto::rpc::table::payment_authority_service::EXECUTE_MACHINE_PAYMENT;

/// Payments on behalf of one agent, which the trait's method does not name.
#[derive(Debug, Clone)]
pub(crate) struct RemotePayments {
    pub(crate) remote: Remote,
    pub(crate) agent_id: Option<AgentId>,
}

#[async_trait]
impl PaymentAuthority for RemotePayments {
    async fn execute_machine_payment(
        &self,
        session_id: SessionId,
        request: MachinePaymentRequest,
    ) -> Result<MachinePaymentResponse> {
        let request = pb::ExecuteMachinePaymentRequest {
            context: None,
            session_id: session_id.to_string(),
            agent_id: self.agent_id.map(|id| id.to_string()),
            payment: Some(request.into()),
        };
        let answer = self.remote.call(&EXECUTE_MACHINE_PAYMENT, request).await?;
        nested("payment", answer.payment).map_err(malformed(EXECUTE_MACHINE_PAYMENT.method))
    }
}
