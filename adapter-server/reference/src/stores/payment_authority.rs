//! Payments: a ledger of accounts, policies and attempts, and behind it the backend that moves
//! the money.
//!
//! An attempt to pay is written, and its amount taken out of the account, in a
//! transaction of its own before money moves. So a call that is sent again after a
//! crash finds the attempt and does not make a second one: it asks the backend about
//! the first. How it ended is written together with the remembered answer. Where no call
//! comes again, the server itself asks after some minutes.

mod amount;
mod backend;
mod ledger;
mod policies;
mod rows;
mod settle;

pub(crate) use backend::LedgerOnly;
pub use backend::{PaymentAttempt, PaymentBackend, PaymentFailure, PaymentReceipt};
pub(crate) use policies::{list_accounts, list_policies, lock, put, put_account};
pub(crate) use settle::{Settler, settle_loop};

use crate::context::{StoreCtx, upstream};
use crate::db::Tx;
use crate::encoding::stored_fault;
use async_trait::async_trait;
use everruns_core::AgentLoopError;
use everruns_core::payment::{MachinePaymentRequest, MachinePaymentResponse};
use everruns_core::traits::PaymentAuthority;
use everruns_core::typed_id::{AgentId, SessionId};
use ledger::{Admitted, Asked};
use mortise_proto::convert::nested;
use mortise_proto::error::Outcome;
use mortise_proto::pb::ErrorReason;
use mortise_proto::{StoreError, pb};
use std::sync::Arc;
use std::time::Duration;

/// A bank that does not know at once is not asked every few milliseconds.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(1);

type Answer = pb::ExecuteMachinePaymentResponse;

/// The payments of an org, on behalf of an agent, which the trait's method does not name.
#[derive(Debug)]
pub(crate) struct Payments {
    pub(crate) ctx: StoreCtx,
    pub(crate) backend: Arc<dyn PaymentBackend>,
    pub(crate) agent_id: Option<AgentId>,
}

#[async_trait]
impl PaymentAuthority for Payments {
    async fn execute_machine_payment(
        &self,
        session_id: SessionId,
        request: MachinePaymentRequest,
    ) -> Result<MachinePaymentResponse, AgentLoopError> {
        upstream(async {
            // Receipts are kept, and only sealed: without a key nothing may be paid.
            self.ctx.keys().configured()?;
            let answer = match self.ctx.cached_reply().await? {
                Some(answer) => answer,
                None => self.pay(session_id, request).await?,
            };
            nested("payment", answer.payment).map_err(stored_fault)
        })
        .await
    }
}

// === impl Payments ===

impl Payments {
    async fn pay(
        &self,
        session_id: SessionId,
        request: MachinePaymentRequest,
    ) -> Result<Answer, StoreError> {
        let asked = Asked {
            session_id,
            agent_id: self.agent_id,
            request_id: self.ctx.scope().request_id.clone(),
            request,
        };
        let ctx = self.ctx.in_session(session_id);
        let mut tx = ctx.write().await?;
        let admitted = ledger::admit(&mut tx, asked).await;
        let admitted = admitted.map_err(|error| error.outcome(Outcome::NotApplied))?;
        tx.commit().await?;
        let attempt = match admitted {
            Admitted::Pay(attempt) => attempt,
            Admitted::Paid(answer) => return Ok(answer),
            Admitted::Failed(text) => return Err(refused(text)),
        };
        match self.backend.pay(&attempt).await {
            Ok(receipt) => {
                let book = async |tx: &mut Tx| ledger::succeeded(tx, &attempt, receipt).await;
                let booked = ctx.after_the_fact().run_once(book).await;
                // The money has moved, whatever became of the note of it.
                booked.map_err(|error| outcome_unknown(&attempt, &error.message))
            }
            Err(PaymentFailure::NotPaid(text)) => {
                let mut tx = ctx.after_the_fact().write().await?;
                // Another call with the same request_id may have heard otherwise meanwhile.
                let paid = ledger::failed(&mut tx, &attempt, &text).await?;
                tx.commit().await?;
                paid.ok_or_else(|| refused(text))
            }
            Err(PaymentFailure::Unknown(text)) => Err(outcome_unknown(&attempt, &text)),
        }
    }
}

/// Nothing was paid, and nothing will be.
fn refused(text: impl Into<String>) -> StoreError {
    StoreError::new(ErrorReason::ToolExecution, text).outcome(Outcome::NotApplied)
}

/// It is unknown whether it was paid; the same call again asks about this attempt.
fn outcome_unknown(attempt: &PaymentAttempt, text: &str) -> StoreError {
    let mut error = StoreError::new(
        ErrorReason::Unavailable,
        format!("the outcome of payment {} is unknown: {text}", attempt.id),
    )
    .outcome(Outcome::Unknown)
    .with("attempt_id", attempt.id);
    error.retry_after = Some(ASK_AGAIN_AFTER);
    error
}
