//! Who may pay what, and the accounts that are drawn from.

use crate::db::Tx;
use crate::db::locks;
use crate::encoding::corrupt_row;
use crate::encoding::domain;
use crate::stores::payment_authority::amount::Micros;
use everruns_core::payment::PaymentRail;
use everruns_core::typed_id::{AgentId, PaymentAccountId, SessionId};
use mortise_proto::convert::payment_authority::{LedgerAccount, LedgerPolicy, PolicySubject};
use mortise_proto::{StoreError, pb};
use prost::Message;

const PUT_ACCOUNT: &str = "INSERT INTO payment_accounts (org_id, id, balance, body) \
    VALUES ($1, $2, $3, $4) ON CONFLICT (org_id, id) \
    DO UPDATE SET balance = excluded.balance, body = excluded.body";

const PUT_POLICY: &str = "INSERT INTO payment_policies (org_id, subject, account_id, body) \
    VALUES ($1, $2, $3, $4) ON CONFLICT (org_id, subject) \
    DO UPDATE SET account_id = excluded.account_id, body = excluded.body";

const FIND_POLICY: &str = "SELECT body FROM payment_policies WHERE org_id = $1 AND subject = $2";

const FIND_ACCOUNT: &str = "SELECT balance, body FROM payment_accounts \
                            WHERE org_id = $1 AND id = $2";

const LIST_POLICIES: &str = "SELECT body FROM payment_policies WHERE org_id = $1 \
                             ORDER BY subject";

const LIST_ACCOUNTS: &str = "SELECT balance, body FROM payment_accounts WHERE org_id = $1 \
                             ORDER BY id";

const DRAW: &str = "UPDATE payment_accounts SET balance = balance - $3 \
                    WHERE org_id = $1 AND id = $2";

/// What locks on payments are taken by: who changes a balance, a policy or an attempt waits
/// for any other caller.
const LOCK: &str = "payments";

/// An account, as it stands.
pub(super) struct Account {
    pub(super) rail: PaymentRail,
    pub(super) balance: Micros,
}

/// Puts a policy, and its account unless that is there already.
pub(crate) async fn put(
    tx: &mut Tx,
    policy: LedgerPolicy,
    account: Option<LedgerAccount>,
) -> Result<(), StoreError> {
    check_limits(&policy)?;
    lock(tx).await?;
    let (owner, account_id) = (subject(policy.subject), policy.account_id);
    match account {
        Some(account) if account.id != account_id => {
            let problem = format!("is {}; send the policy's, {account_id}", account.id);
            return Err(StoreError::invalid_field("account.id", problem));
        }
        Some(account) => put_account(tx, account).await?,
        None if find_account(tx, account_id).await?.is_some() => {}
        None => {
            let problem = format!("is missing, and the org has no {account_id}; send it");
            return Err(StoreError::invalid_field("account", problem));
        }
    }
    tx.query(PUT_POLICY)
        .bind(owner)
        .bind(account_id.to_string())
        .bind(pb::LedgerPolicy::from(policy).encode_to_vec())
        .execute()
        .await?;
    Ok(())
}

/// Every policy of the org.
pub(crate) async fn list_policies(tx: &mut Tx) -> Result<Vec<LedgerPolicy>, StoreError> {
    let rows: Vec<(Vec<u8>,)> = tx.query_as(LIST_POLICIES).fetch_all().await?;
    rows.iter()
        .map(|(body,)| domain::<pb::LedgerPolicy, _>(body))
        .collect()
}

/// Every account of the org, with what is left of its money now.
pub(crate) async fn list_accounts(tx: &mut Tx) -> Result<Vec<LedgerAccount>, StoreError> {
    let rows: Vec<(i64, Vec<u8>)> = tx.query_as(LIST_ACCOUNTS).fetch_all().await?;
    rows.iter()
        .map(|(balance, body)| {
            let account: LedgerAccount = domain::<pb::LedgerAccount, _>(body)?;
            Ok(LedgerAccount {
                balance_usd: Micros(*balance).usd(),
                ..account
            })
        })
        .collect()
}

/// Makes payments of the org wait until this change is over.
pub(crate) async fn lock(tx: &mut Tx) -> Result<(), StoreError> {
    locks::org(tx, LOCK).await
}

/// The policy of the session, else of the agent, else of the org.
pub(super) async fn that_decides(
    tx: &mut Tx,
    session_id: SessionId,
    agent_id: Option<AgentId>,
) -> Result<Option<LedgerPolicy>, StoreError> {
    let subjects = [
        Some(PolicySubject::Session(session_id)),
        agent_id.map(PolicySubject::Agent),
        Some(PolicySubject::Org),
    ];
    for owner in subjects.into_iter().flatten() {
        let row: Option<(Vec<u8>,)> = tx
            .query_as(FIND_POLICY)
            .bind(subject(owner))
            .fetch_optional()
            .await?;
        if let Some((body,)) = row {
            return domain::<pb::LedgerPolicy, _>(&body).map(Some);
        }
    }
    Ok(None)
}

/// The account of a policy.
pub(super) async fn account(
    tx: &mut Tx,
    account_id: PaymentAccountId,
) -> Result<Account, StoreError> {
    let found = find_account(tx, account_id).await?;
    found.ok_or_else(|| corrupt_row("a payment account is missing"))
}

/// Takes an amount out of an account; a negative one goes in.
pub(super) async fn draw(
    tx: &mut Tx,
    account_id: PaymentAccountId,
    amount: Micros,
) -> Result<(), StoreError> {
    tx.query(DRAW)
        .bind(account_id.to_string())
        .bind(amount.0)
        .execute()
        .await?;
    Ok(())
}

/// Whom a policy is for, as it is stored.
pub(super) fn subject(subject: PolicySubject) -> String {
    match subject {
        PolicySubject::Org => "org".to_string(),
        PolicySubject::Agent(id) => id.to_string(),
        PolicySubject::Session(id) => id.to_string(),
    }
}

/// Names a policy in an error.
pub(super) fn whose(subject: PolicySubject) -> String {
    match subject {
        PolicySubject::Org => "the payment policy of the org".to_string(),
        PolicySubject::Agent(id) => format!("the payment policy of {id}"),
        PolicySubject::Session(id) => format!("the payment policy of {id}"),
    }
}

/// Puts an account over the one that is there, its balance included.
pub(crate) async fn put_account(tx: &mut Tx, account: LedgerAccount) -> Result<(), StoreError> {
    let balance = amount("account.balance_usd", account.balance_usd)?;
    tx.query(PUT_ACCOUNT)
        .bind(account.id.to_string())
        .bind(balance.0)
        .bind(pb::LedgerAccount::from(account).encode_to_vec())
        .execute()
        .await?;
    Ok(())
}

async fn find_account(
    tx: &mut Tx,
    account_id: PaymentAccountId,
) -> Result<Option<Account>, StoreError> {
    let row: Option<(i64, Vec<u8>)> = tx
        .query_as(FIND_ACCOUNT)
        .bind(account_id.to_string())
        .fetch_optional()
        .await?;
    let Some((balance, body)) = row else {
        return Ok(None);
    };
    let account: LedgerAccount = domain::<pb::LedgerAccount, _>(&body)?;
    Ok(Some(Account {
        rail: account.rail,
        balance: Micros(balance),
    }))
}

/// A limit that is no amount would limit nothing.
fn check_limits(policy: &LedgerPolicy) -> Result<(), StoreError> {
    for (field, limit) in [
        (
            "policy.max_amount_usd_per_request",
            policy.max_amount_usd_per_request,
        ),
        (
            "policy.max_amount_usd_per_day",
            policy.max_amount_usd_per_day,
        ),
    ] {
        if let Some(limit) = limit {
            amount(field, limit)?;
        }
    }
    Ok(())
}

fn amount(field: &str, usd: f64) -> Result<Micros, StoreError> {
    Micros::at_most(usd).ok_or_else(|| {
        let problem = format!("is {usd}; send an amount from zero to a trillion");
        StoreError::invalid_field(field, problem)
    })
}
