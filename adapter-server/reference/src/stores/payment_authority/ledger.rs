//! The ledger: what is admitted, what is set aside, what is booked.

use crate::db::Tx;
use crate::db::errors::session_not_found;
use crate::encoding::now;
use crate::stores::payment_authority::amount::Micros;
use crate::stores::payment_authority::policies;
use crate::stores::payment_authority::policies::Account;
use crate::stores::payment_authority::rows;
use crate::stores::payment_authority::rows::State;
use crate::stores::payment_authority::{Answer, PaymentAttempt, PaymentReceipt, refused};
use crate::stores::session_store::SESSIONS;
use everruns_core::payment::{MachinePaymentRequest, MachinePaymentResponse, PaymentRail};
use everruns_core::typed_id::{AgentId, PaymentAttemptId, SessionId};
use mortise_proto::convert::payment_authority::LedgerPolicy;
use mortise_proto::{StoreError, pb};
use url::{Host, Url};

const DAY_NANOS: i64 = 24 * 60 * 60 * 1_000_000_000;

/// A call, as it came in.
pub(super) struct Asked {
    pub(super) session_id: SessionId,
    pub(super) agent_id: Option<AgentId>,
    pub(super) request_id: Option<String>,
    pub(super) request: MachinePaymentRequest,
}

/// What is to be done about a call.
pub(super) enum Admitted {
    /// Its attempt is written and its amount set aside: pay, or ask what became of it.
    Pay(PaymentAttempt),
    /// It was paid before, and answered so.
    Paid(Answer),
    /// It failed before, for this reason.
    Failed(String),
}

/// Finds the attempt of a call, or checks the call and makes one.
pub(super) async fn admit(tx: &mut Tx, asked: Asked) -> Result<Admitted, StoreError> {
    policies::lock(tx).await?;
    if let Some(request_id) = &asked.request_id
        && let Some((attempt, state)) = rows::find(tx, request_id).await?
    {
        return Ok(match state {
            State::Pending => Admitted::Pay(attempt),
            State::Succeeded(answer) => Admitted::Paid(answer),
            State::Failed(why) => Admitted::Failed(why),
        });
    }
    let amount = amount_in(&asked.request)?;
    let session_id = asked.session_id;
    let session = SESSIONS.find(tx, session_id).await?;
    let session = session.ok_or_else(|| session_not_found(session_id))?;
    let agent_id = asked.agent_id.or(session.agent_id);
    let policy = policies::that_decides(tx, session_id, agent_id).await?;
    let policy = policy.ok_or_else(|| {
        refused(format!(
            "there is no payment policy for {session_id}, its agent or its org; nothing was paid"
        ))
    })?;
    may_ask(&policy, &asked.request)?;
    within_limits(tx, &policy, amount).await?;
    let account = policies::account(tx, policy.account_id).await?;
    let rail = rail_of(&account, &asked.request)?;
    if amount > account.balance {
        return Err(refused(format!(
            "{amount} are more than the {} left in account {}",
            account.balance, policy.account_id
        )));
    }
    let attempt = PaymentAttempt {
        id: PaymentAttemptId::new(),
        org_id: tx.org_id(),
        session_id,
        agent_id,
        account_id: policy.account_id,
        rail,
        amount_usd: amount.usd(),
        request: asked.request,
    };
    let own_id = attempt.id.to_string();
    let request_id = asked.request_id.as_deref().unwrap_or(&own_id);
    let subject = policies::subject(policy.subject);
    rows::insert(tx, &attempt, request_id, &subject, amount).await?;
    policies::draw(tx, attempt.account_id, amount).await?;
    Ok(Admitted::Pay(attempt))
}

/// Books what was paid. An attempt that was settled before keeps its answer.
pub(super) async fn succeeded(
    tx: &mut Tx,
    attempt: &PaymentAttempt,
    receipt: PaymentReceipt,
) -> Result<Answer, StoreError> {
    policies::lock(tx).await?;
    let (state, set_aside) = rows::state(tx, attempt).await?;
    let due = match state {
        State::Succeeded(answer) => return Ok(answer),
        State::Pending => set_aside,
        // The backend said both: what it says of money that has moved counts.
        State::Failed(_) => Micros(0),
    };
    let paid = Micros::at_most(receipt.amount_usd).unwrap_or(set_aside);
    if paid > set_aside {
        tracing::error!(attempt = %attempt.id, %paid, %set_aside, "payment exceeds the reserved amount");
    }
    let answer = Answer {
        payment: Some(pb::MachinePaymentResponse::from(MachinePaymentResponse {
            attempt_id: Some(attempt.id),
            amount_usd: paid.usd(),
            rail: Some(attempt.rail.clone()),
            response: receipt.response,
            receipt: receipt.receipt,
        })),
    };
    rows::succeed(tx, attempt, paid, &answer).await?;
    let more = Micros(paid.0 - due.0);
    policies::draw(tx, attempt.account_id, more).await?;
    Ok(answer)
}

/// Gives back what was set aside. If the attempt was paid after all, its answer.
pub(super) async fn failed(
    tx: &mut Tx,
    attempt: &PaymentAttempt,
    why: &str,
) -> Result<Option<Answer>, StoreError> {
    policies::lock(tx).await?;
    let (state, set_aside) = rows::state(tx, attempt).await?;
    match state {
        State::Succeeded(answer) => Ok(Some(answer)),
        State::Failed(_) => Ok(None),
        State::Pending => {
            rows::fail(tx, attempt, why).await?;
            let less = Micros(-set_aside.0);
            policies::draw(tx, attempt.account_id, less).await?;
            Ok(None)
        }
    }
}

// === limits ===

fn may_ask(policy: &LedgerPolicy, request: &MachinePaymentRequest) -> Result<(), StoreError> {
    let whose = policies::whose(policy.subject);
    let allows = |allowed: &[String], what: &str| {
        allowed.is_empty() || allowed.iter().any(|allowed| allowed == what)
    };
    if !allows(&policy.allowed_capabilities, &request.capability) {
        return Err(refused(format!(
            "{whose} allows no payments by capability {:?}",
            request.capability
        )));
    }
    if !allows(&policy.allowed_operations, &request.operation) {
        return Err(refused(format!(
            "{whose} allows no payments for operation {:?}",
            request.operation
        )));
    }
    let url = Url::parse(&request.url).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
    let host = url
        .as_ref()
        .and_then(Url::host)
        .ok_or_else(|| refused("the URL to pay for is not an http or https URL with a host"))?;
    let is_host = |allowed: &String| Host::parse(allowed).is_ok_and(|allowed| allowed == host);
    if !policy.allowed_hosts.is_empty() && !policy.allowed_hosts.iter().any(is_host) {
        return Err(refused(format!("{whose} allows no payments to {host}")));
    }
    Ok(())
}

/// What the request may cost.
fn amount_in(request: &MachinePaymentRequest) -> Result<Micros, StoreError> {
    Micros::at_most(request.max_amount_usd).ok_or_else(|| {
        StoreError::invalid_field(
            "payment.max_amount_usd",
            format!(
                "is {}; send an amount from zero to a trillion",
                request.max_amount_usd
            ),
        )
    })
}

/// Fails unless the policy allows an amount, for one payment and for the day.
async fn within_limits(
    tx: &mut Tx,
    policy: &LedgerPolicy,
    amount: Micros,
) -> Result<(), StoreError> {
    let whose = policies::whose(policy.subject);
    if let Some(most) = policy.max_amount_usd_per_request.and_then(Micros::at_most)
        && amount > most
    {
        return Err(refused(format!(
            "{amount} are more than the {most} that {whose} allows for one payment"
        )));
    }
    if let Some(most) = policy.max_amount_usd_per_day.and_then(Micros::at_most) {
        let now = now();
        let today = now - now.rem_euclid(DAY_NANOS);
        let subject = policies::subject(policy.subject);
        let spent = rows::spent(tx, &subject, today).await?;
        if amount.0.saturating_add(spent.0) > most.0 {
            return Err(refused(format!(
                "{amount}, after {spent} today, are more than the {most} that {whose} allows \
                 for one day"
            )));
        }
    }
    Ok(())
}

fn rail_of(account: &Account, request: &MachinePaymentRequest) -> Result<PaymentRail, StoreError> {
    let wanted = &request.rail_preference;
    if wanted.is_empty() || wanted.contains(&account.rail) {
        return Ok(account.rail.clone());
    }
    let wanted: Vec<_> = wanted.iter().map(PaymentRail::as_wire).collect();
    Err(refused(format!(
        "the account pays over {}, the request takes {} only",
        account.rail,
        wanted.join(" or ")
    )))
}
