//! Attempts whose callers have stopped asking. A call that heard `unknown`, or whose
//! server died, may never come again; its amount would stay set aside for ever. Several
//! servers may share the storage: each looks, and the one that claims an attempt asks.

use crate::db::{Db, Lane};
use crate::encoding::nanos;
use crate::seal;
use crate::stores::payment_authority::backend::{
    PaymentAttempt, PaymentBackend, PaymentFailure, PaymentReceipt,
};
use crate::stores::payment_authority::ledger;
use crate::stores::payment_authority::rows;
use crate::stores::payment_authority::rows::{StaleAttempt, State};
use chrono::{DateTime, TimeDelta, Utc};
use mortise_proto::StoreError;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How long an attempt is left to its caller, and then between two questions.
const LEFT_ALONE: TimeDelta = TimeDelta::minutes(5);

const LOOK_EVERY: Duration = Duration::from_secs(60);

/// How long the backend may take to answer.
const ANSWER_WAIT: Duration = Duration::from_secs(120);

/// Settles attempts of every org.
#[derive(Debug)]
pub(crate) struct Settler {
    pub(crate) db: Arc<Db>,
    pub(crate) backend: Arc<dyn PaymentBackend>,
}

/// Settles attempts for as long as the storage is there.
pub(crate) async fn settle_loop(settler: Weak<Settler>) {
    loop {
        let Some(settler) = settler.upgrade() else {
            return;
        };
        if let Err(error) = settler.settle_stale(Utc::now()).await {
            tracing::warn!(%error, "settling payments of unknown outcome failed; trying again");
        }
        // Not held while it sleeps: the storage may go meanwhile.
        drop(settler);
        sleep(LOOK_EVERY).await;
    }
}

// === impl Settler ===

impl Settler {
    /// Asks about every attempt that has been in doubt for long, and says how many were
    /// settled.
    pub(crate) async fn settle_stale(&self, now: DateTime<Utc>) -> Result<usize, StoreError> {
        // Without a key nothing can be read or booked.
        if seal::configured(self.db.keys()).is_err() {
            return Ok(0);
        }
        let mut settled = 0;
        loop {
            let stale = {
                let mut all = self.db.read_all_orgs().await?;
                let (since, until) = (nanos(now - LEFT_ALONE), nanos(now + LEFT_ALONE));
                rows::stale(&mut all, since, until).await?
            };
            if stale.is_empty() {
                return Ok(settled);
            }
            for attempt in stale {
                let mut tx = self.db.write(Lane::of_org(attempt.org_id)).await?;
                let is_ours = rows::claim(&mut tx, &attempt, nanos(now)).await?;
                tx.commit().await?;
                if !is_ours {
                    continue;
                }
                match self.settle(&attempt).await {
                    Ok(is_settled) => settled += usize::from(is_settled),
                    Err(error) => {
                        let StaleAttempt { org_id, id, .. } = &attempt;
                        tracing::warn!(%error, org = org_id, attempt = id, "a payment stays in doubt");
                    }
                }
            }
        }
    }

    async fn settle(&self, stale: &StaleAttempt) -> Result<bool, StoreError> {
        let found = {
            let mut tx = self.db.reader(stale.org_id).await?;
            rows::find(&mut tx, &stale.request_id).await?
        };
        let Some((attempt, State::Pending)) = found else {
            return Ok(false);
        };
        let answer = self.ask(&attempt).await;
        let lane = Lane::of_session(attempt.org_id, attempt.session_id);
        let mut tx = self.db.write(lane).await?;
        match answer {
            Ok(receipt) => {
                ledger::succeeded(&mut tx, &attempt, receipt).await?;
            }
            Err(PaymentFailure::NotPaid(text)) => {
                ledger::failed(&mut tx, &attempt, &text).await?;
            }
            Err(PaymentFailure::Unknown(text)) => {
                tracing::warn!(attempt = %attempt.id, text, "a payment stays in doubt");
                return Ok(false);
            }
        }
        tx.commit().await?;
        tracing::info!(attempt = %attempt.id, "payment outcome resolved");
        Ok(true)
    }

    async fn ask(&self, attempt: &PaymentAttempt) -> Result<PaymentReceipt, PaymentFailure> {
        let answer = timeout(ANSWER_WAIT, self.backend.pay(attempt)).await;
        answer.unwrap_or_else(|_| {
            Err(PaymentFailure::Unknown(
                "the payment backend did not answer".into(),
            ))
        })
    }
}
