//! `PaymentAuthorityService` over `PaymentAuthority`, where the adapter has one.

use crate::AdapterSource;
use crate::serve::{Outcome, Serving, not_offered};
use everruns_core::traits::PaymentAuthority;
use everruns_runtime::RuntimeHostAdapter;
use mortise_proto::convert::{id, nested, optional_id};
use mortise_proto::pb;
use mortise_proto::pb::payment_authority_service_server::PaymentAuthorityService;
use mortise_proto::rpc::table::payment_authority_service::{EXECUTE_MACHINE_PAYMENT, NAME};
use std::sync::Arc;
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl<S: AdapterSource> PaymentAuthorityService for Serving<S> {
    async fn execute_machine_payment(
        &self,
        request: Request<pb::ExecuteMachinePaymentRequest>,
    ) -> Result<Response<pb::ExecuteMachinePaymentResponse>, Status> {
        self.unary(&EXECUTE_MACHINE_PAYMENT, request, |call| async move {
            let session_id = id("session_id", &call.request.session_id)?;
            let agent_id = optional_id("agent_id", call.request.agent_id.as_deref())?;
            let payment = nested("payment", call.request.payment)?;
            let org_id = call.scope.org_id;
            let authority = offered(call.adapter.payment_authority(org_id, agent_id))?;
            let paid = authority
                .execute_machine_payment(session_id, payment)
                .await?;
            Ok(pb::ExecuteMachinePaymentResponse {
                payment: Some(paid.into()),
            })
        })
        .await
    }
}

fn offered(authority: Option<Arc<dyn PaymentAuthority>>) -> Outcome<Arc<dyn PaymentAuthority>> {
    authority.ok_or_else(|| not_offered(NAME))
}
