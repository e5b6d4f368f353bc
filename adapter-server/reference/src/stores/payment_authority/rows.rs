//! Attempts as they are stored.

use crate::db::{AllOrgs, Tx};
use crate::encoding::{corrupt_row, now, stored_fault, text};
use crate::seal::{Binding, OrgKeys};
use crate::stores::payment_authority::amount::Micros;
use crate::stores::payment_authority::{Answer, PaymentAttempt};
use everruns_core::payment::MachinePaymentRequest;
use mortise_proto::convert::{id, optional_id};
use mortise_proto::{StoreError, pb};

/// What the two sealed columns of a row are bound to: neither can be put in the place
/// of the other.
const ANSWER: &str = "payment_attempts.answer";
const REQUEST: &str = "payment_attempts.request";

const INSERT: &str = "INSERT INTO payment_attempts \
        (org_id, id, request_id, session_id, agent_id, subject, account_id, rail, state, \
         amount, created_at, updated_at, request) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'pending', $9, $10, $10, $11)";

const FIND: &str = "SELECT id, session_id, agent_id, account_id, rail, amount, state, failure, \
                           answer, request \
                    FROM payment_attempts WHERE org_id = $1 AND request_id = $2";

const STATE: &str = "SELECT state, amount, answer FROM payment_attempts \
                     WHERE org_id = $1 AND id = $2";

const SPENT: &str = "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM payment_attempts \
                     WHERE org_id = $1 AND subject = $2 AND created_at >= $3 \
                     AND state <> 'failed'";

const SUCCEED: &str = "UPDATE payment_attempts \
                       SET state = 'succeeded', amount = $3, updated_at = $4, answer = $5 \
                       WHERE org_id = $1 AND id = $2";

const FAIL: &str = "UPDATE payment_attempts \
                    SET state = 'failed', updated_at = $3, failure = $4 \
                    WHERE org_id = $1 AND id = $2";

/// Of every org: settling is the server's own work. What is of the future was written
/// before the clock was set back.
const STALE: &str = "SELECT org_id, id, request_id, updated_at FROM payment_attempts \
                        WHERE state = 'pending' AND (updated_at <= $1 OR updated_at > $2) \
                        ORDER BY updated_at LIMIT 64";

const CLAIM: &str = "UPDATE payment_attempts SET updated_at = $4 \
                     WHERE org_id = $1 AND id = $2 AND state = 'pending' AND updated_at = $3";

type Row = (
    String,
    String,
    Option<String>,
    String,
    String,
    i64,
    String,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
    Vec<u8>,
);

/// An attempt that is in doubt and whose caller asks no more.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct StaleAttempt {
    pub(super) org_id: i64,
    pub(super) id: String,
    pub(super) request_id: String,
    updated_at: i64,
}

/// How far an attempt has come.
pub(super) enum State {
    /// It may have been paid.
    Pending,
    /// It was paid, and this was the answer.
    Succeeded(Answer),
    /// It was not paid, and this is why.
    Failed(String),
}

/// Writes an attempt before it is made.
pub(super) async fn insert(
    tx: &mut Tx,
    attempt: &PaymentAttempt,
    request_id: &str,
    subject: &str,
    amount: Micros,
) -> Result<(), StoreError> {
    let request = pb::MachinePaymentRequest::from(attempt.request.clone());
    let attempt_id = attempt.id.to_string();
    let bound = Binding::record(REQUEST, &attempt_id);
    let sealed = tx.keys().stored(bound, &request)?;
    tx.query(INSERT)
        .bind(attempt_id.as_str())
        .bind(request_id)
        .bind(attempt.session_id.to_string())
        .bind(attempt.agent_id.map(|id| id.to_string()))
        .bind(subject)
        .bind(attempt.account_id.to_string())
        .bind(attempt.rail.as_wire())
        .bind(amount.0)
        .bind(now())
        .bind(sealed)
        .execute()
        .await?;
    Ok(())
}

/// The attempt that was made for a request_id.
pub(super) async fn find(
    tx: &mut Tx,
    request_id: &str,
) -> Result<Option<(PaymentAttempt, State)>, StoreError> {
    let row: Option<Row> = tx.query_as(FIND).bind(request_id).fetch_optional().await?;
    let Some((attempt, session, agent, account, rail, amount, state, failure, answer, request)) =
        row
    else {
        return Ok(None);
    };
    let state = match (state.as_str(), failure) {
        ("failed", failure) => State::Failed(text(failure.unwrap_or_default(), "a failure")?),
        (state, _) => unfailed(tx.keys(), &attempt, state, answer)?,
    };
    let bound = Binding::record(REQUEST, &attempt);
    let request: pb::MachinePaymentRequest = tx.keys().opened(bound, &request)?;
    let attempt = PaymentAttempt {
        id: id("id", &attempt).map_err(stored_fault)?,
        org_id: tx.org_id(),
        session_id: id("session_id", &session).map_err(stored_fault)?,
        agent_id: optional_id("agent_id", agent.as_deref()).map_err(stored_fault)?,
        account_id: id("account_id", &account).map_err(stored_fault)?,
        rail: rail.parse().map_err(|fault: String| corrupt_row(&fault))?,
        amount_usd: Micros(amount).usd(),
        request: MachinePaymentRequest::try_from(request).map_err(stored_fault)?,
    };
    Ok(Some((attempt, state)))
}

/// How far an attempt has come, and its amount.
pub(super) async fn state(
    tx: &mut Tx,
    attempt: &PaymentAttempt,
) -> Result<(State, Micros), StoreError> {
    let attempt_id = attempt.id.to_string();
    let row: Option<(String, i64, Option<Vec<u8>>)> = tx
        .query_as(STATE)
        .bind(attempt_id.as_str())
        .fetch_optional()
        .await?;
    let (state, amount, answer) = row.ok_or_else(|| corrupt_row("a payment attempt is missing"))?;
    let state = match state.as_str() {
        "failed" => State::Failed(String::new()),
        state => unfailed(tx.keys(), &attempt_id, state, answer)?,
    };
    Ok((state, Micros(amount)))
}

/// What was spent under a policy since a time, or may have been.
pub(super) async fn spent(tx: &mut Tx, subject: &str, since: i64) -> Result<Micros, StoreError> {
    let (spent,): (i64,) = tx
        .query_as(SPENT)
        .bind(subject)
        .bind(since)
        .fetch_one()
        .await?;
    Ok(Micros(spent))
}

/// Notes that an attempt was paid.
pub(super) async fn succeed(
    tx: &mut Tx,
    attempt: &PaymentAttempt,
    amount: Micros,
    answer: &Answer,
) -> Result<(), StoreError> {
    let attempt_id = attempt.id.to_string();
    let bound = Binding::record(ANSWER, &attempt_id);
    let sealed = tx.keys().stored(bound, answer)?;
    tx.query(SUCCEED)
        .bind(attempt_id.as_str())
        .bind(amount.0)
        .bind(now())
        .bind(sealed)
        .execute()
        .await?;
    Ok(())
}

/// Notes that an attempt was not paid.
pub(super) async fn fail(
    tx: &mut Tx,
    attempt: &PaymentAttempt,
    why: &str,
) -> Result<(), StoreError> {
    tx.query(FAIL)
        .bind(attempt.id.to_string())
        .bind(now())
        .bind(why.as_bytes())
        .execute()
        .await?;
    Ok(())
}

/// Some of the attempts in doubt that no call has asked about between two times.
pub(super) async fn stale(
    all: &mut AllOrgs,
    since: i64,
    until: i64,
) -> Result<Vec<StaleAttempt>, StoreError> {
    all.query_as(STALE)
        .bind(since)
        .bind(until)
        .fetch_all()
        .await
}

/// Notes that an attempt is asked about now; false if another server was quicker.
pub(super) async fn claim(
    tx: &mut Tx,
    attempt: &StaleAttempt,
    now: i64,
) -> Result<bool, StoreError> {
    let claim = tx.query(CLAIM).bind(attempt.id.as_str());
    let claim = claim.bind(attempt.updated_at).bind(now);
    Ok(claim.execute().await? > 0)
}

fn unfailed(
    keys: OrgKeys<'_>,
    attempt_id: &str,
    state: &str,
    answer: Option<Vec<u8>>,
) -> Result<State, StoreError> {
    match (state, answer) {
        ("pending", None) => Ok(State::Pending),
        ("succeeded", Some(answer)) => {
            let bound = Binding::record(ANSWER, attempt_id);
            keys.opened(bound, &answer).map(State::Succeeded)
        }
        (state, _) => Err(corrupt_row(&format!("a payment attempt is {state}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::plan;

    /// Looking for attempts in doubt passes by those that are settled.
    #[tokio::test]
    async fn attempts_in_doubt_have_an_index() {
        let plan = plan(STALE).await;
        assert!(plan.contains("payment_attempts_in_doubt"), "{plan}");
    }
}
