//! `PaymentAuthorityService` over `PaymentAuthority`, where the adapter has one.

use crate::serve::{Call, HandlerResult, not_offered};
use everruns_core::traits::PaymentAuthority;
use mortise_proto::convert::{id, nested, optional_id};
use mortise_proto::pb;
use mortise_proto::rpc::table::payment_authority_service::NAME;
use std::sync::Arc;

pub(super) async fn execute_machine_payment(
    call: Call<pb::ExecuteMachinePaymentRequest>,
) -> HandlerResult<pb::ExecuteMachinePaymentResponse> {
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
}

fn offered(
    authority: Option<Arc<dyn PaymentAuthority>>,
) -> HandlerResult<Arc<dyn PaymentAuthority>> {
    authority.ok_or_else(|| not_offered(NAME))
}
