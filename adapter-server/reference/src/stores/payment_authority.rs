//! Payments: a ledger of accounts, policies and attempts, and behind it whoever moves
//! the money.
//!
//! An attempt to pay is written, and its amount taken out of the account, in a
//! transaction of its own before anybody is paid. So a call that is sent again after a
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
pub(crate) use settle::settle_loop;

use crate::db;
use crate::db::encoding::stored_fault;
use crate::db::errors::into_upstream;
use crate::reference::ScopedReference;
use crate::seal;
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
use std::time::Duration;

/// A bank that does not know at once is not asked every few milliseconds.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(1);

type Answer = pb::ExecuteMachinePaymentResponse;

/// Pays on behalf of an agent, which the trait's method does not name.
#[derive(Debug)]
pub(crate) struct Payments {
    pub(crate) reference: ScopedReference,
    pub(crate) agent_id: Option<AgentId>,
}

#[async_trait]
impl PaymentAuthority for Payments {
    async fn execute_machine_payment(
        &self,
        session_id: SessionId,
        request: MachinePaymentRequest,
    ) -> Result<MachinePaymentResponse, AgentLoopError> {
        let answer = self.pay(session_id, request).await.map_err(into_upstream)?;
        nested("payment", answer.payment)
            .map_err(stored_fault)
            .map_err(into_upstream)
    }
}

// === impl Payments ===

impl Payments {
    async fn pay(
        &self,
        session_id: SessionId,
        request: MachinePaymentRequest,
    ) -> Result<Answer, StoreError> {
        // Receipts are kept, and only sealed: without a key nothing may be paid.
        seal::configured(self.reference.inner.key.as_ref())?;
        if let Some(answer) = self.reference.cached_reply().await? {
            return Ok(answer);
        }
        let attempt = match self.admit(session_id, request).await? {
            Admitted::Pay(attempt) => attempt,
            Admitted::Paid(answer) => return Ok(answer),
            Admitted::Failed(text) => return Err(refused(text)),
        };
        match self.reference.inner.payments.pay(&attempt).await {
            Ok(receipt) => self.paid(&attempt, receipt).await,
            Err(PaymentFailure::NotPaid(text)) => self.not_paid(&attempt, text).await,
            Err(PaymentFailure::Unknown(text)) => Err(outcome_unknown(&attempt, &text)),
        }
    }

    async fn admit(
        &self,
        session_id: SessionId,
        request: MachinePaymentRequest,
    ) -> Result<Admitted, StoreError> {
        let inner = &self.reference.inner;
        let asked = Asked {
            session_id,
            agent_id: self.agent_id,
            request_id: self.reference.scope.request_id.clone(),
            request,
        };
        let org_id = self.reference.scope.org_id;
        let mut tx = inner.db.write().await?;
        let admitted = ledger::admit(&mut tx, org_id, inner.key.as_ref(), asked)
            .await
            .map_err(|error| error.outcome(Outcome::NotApplied))?;
        db::commit(tx).await?;
        Ok(admitted)
    }

    async fn paid(
        &self,
        attempt: &PaymentAttempt,
        receipt: PaymentReceipt,
    ) -> Result<Answer, StoreError> {
        let key = self.reference.inner.key.as_ref();
        let settled = self
            .reference
            .run_once(async |tx| ledger::succeeded(tx, key, attempt, receipt).await)
            .await;
        // The money has moved, whatever became of the note of it.
        settled.map_err(|error| outcome_unknown(attempt, &error.message))
    }

    async fn not_paid(&self, attempt: &PaymentAttempt, text: String) -> Result<Answer, StoreError> {
        let inner = &self.reference.inner;
        let mut tx = inner.db.write().await?;
        // Another call with the same request_id may have heard otherwise meanwhile.
        let paid = ledger::failed(&mut tx, inner.key.as_ref(), attempt, &text).await?;
        db::commit(tx).await?;
        paid.ok_or_else(|| refused(text))
    }
}

/// Nothing was paid, and nothing will be.
fn refused(text: impl Into<String>) -> StoreError {
    StoreError::new(ErrorReason::ToolExecution, text).outcome(Outcome::NotApplied)
}

/// Nobody knows whether it was paid; the same call again asks about this attempt.
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
