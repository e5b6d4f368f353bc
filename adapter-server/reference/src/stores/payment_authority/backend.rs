//! The backend that moves the money.

use async_trait::async_trait;
use everruns_core::payment::{MachinePaymentRequest, PaymentRail};
use everruns_core::typed_id::{AgentId, PaymentAccountId, PaymentAttemptId, SessionId};
use serde_json::{Value, json};
use std::fmt;

/// Pays, makes the request that is paid for, and says what came back.
#[async_trait]
pub trait PaymentBackend: fmt::Debug + Send + Sync {
    /// Pays for an attempt.
    ///
    /// `attempt.id` is the idempotency key: the call may come again with the same id,
    /// after a crash, after [`PaymentFailure::Unknown`], at the same time, or minutes
    /// later, when only the storage asks any more. It must then say what became of
    /// the first payment and never make a second one. Other ids are other payments,
    /// however alike they look.
    ///
    /// The policy allowed the attempt and its amount is set aside. At most
    /// `attempt.amount_usd` may be paid.
    async fn pay(&self, attempt: &PaymentAttempt) -> Result<PaymentReceipt, PaymentFailure>;
}

/// A payment that is to be made.
#[derive(Debug, Clone)]
pub struct PaymentAttempt {
    /// Its id, and the key under which it happens once.
    pub id: PaymentAttemptId,
    /// The tenant, the host's internal id.
    pub org_id: i64,
    /// The session that pays.
    pub session_id: SessionId,
    /// The agent that acts in it, where there is one.
    pub agent_id: Option<AgentId>,
    /// The account that is drawn from.
    pub account_id: PaymentAccountId,
    /// The account's rail, one of those that the request prefers.
    pub rail: PaymentRail,
    /// The most that may be paid, in US dollars.
    pub amount_usd: f64,
    /// What is asked for.
    pub request: MachinePaymentRequest,
}

/// A payment that was made.
#[derive(Clone)]
pub struct PaymentReceipt {
    /// What was paid, in US dollars.
    pub amount_usd: f64,
    /// What the request that was paid for brought.
    pub response: Value,
    /// The proof, in the form of the rail. Kept sealed.
    pub receipt: Value,
}

/// Why there is no receipt. The text is shown to the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PaymentFailure {
    /// Nothing was paid for this attempt, and nothing will be: its amount is free
    /// again.
    #[error("{0}")]
    NotPaid(String),
    /// It may have been paid: its amount stays set aside, and the same call, sent
    /// again, asks once more, as the storage does every few minutes.
    #[error("{0}")]
    Unknown(String),
}

/// The backend of a server that was given none: it moves no money and sends no
/// request. The ledger is kept all the same, so that policies, limits and balances
/// can be tried.
#[derive(Debug)]
pub(crate) struct LedgerOnly;

// === impl PaymentReceipt ===

impl fmt::Debug for PaymentReceipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PaymentReceipt")
            .field("amount_usd", &self.amount_usd)
            .finish_non_exhaustive()
    }
}

// === impl LedgerOnly ===

#[async_trait]
impl PaymentBackend for LedgerOnly {
    async fn pay(&self, attempt: &PaymentAttempt) -> Result<PaymentReceipt, PaymentFailure> {
        Ok(PaymentReceipt {
            amount_usd: attempt.amount_usd,
            response: json!({
                "status": "recorded",
                "note": "this server keeps a ledger and has no payment backend: the amount was \
                         booked, no money was moved and the request was not sent",
            }),
            receipt: json!({
                "kind": "ledger_entry",
                "attempt_id": attempt.id,
                "account_id": attempt.account_id,
                "amount_usd": attempt.amount_usd,
            }),
        })
    }
}
