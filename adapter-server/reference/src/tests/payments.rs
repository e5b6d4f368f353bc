//! Payments: what a bank that breaks off leaves behind. The bank is the test's own.

use super::*;
use crate::PaymentAttempt;
use crate::PaymentBackend;
use crate::PaymentFailure;
use crate::PaymentReceipt;
use async_trait::async_trait;
use chrono::{TimeDelta, Utc};
use everruns_core::AgentLoopError;
use everruns_core::payment::{
    MachinePaymentRequest, MachinePaymentResponse, PaymentMethod, PaymentRail,
};
use everruns_core::typed_id::PaymentAccountId;
use everruns_runtime::RuntimeHostAdapter;
use mortise_proto::convert::payment_authority::{LedgerAccount, LedgerPolicy, PolicySubject};
use mortise_proto::error::Outcome;
use mortise_proto::rpc::table::payment_authority_service::EXECUTE_MACHINE_PAYMENT;
use std::collections::{BTreeMap, VecDeque};
use std::future::pending;
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

/// What the bank does after it has noted a payment.
enum Mood {
    /// Says so.
    Answers,
    /// Says that it charged less.
    Charges(f64),
    /// Says that it does not know.
    Hesitates,
    /// Says that nothing was paid, and forgets it.
    Declines,
    /// Says nothing, ever.
    Hangs,
}

/// Pays once per attempt.
#[derive(Default)]
struct Bank {
    moods: Mutex<VecDeque<Mood>>,
    paid: Mutex<BTreeMap<String, f64>>,
    asked: Mutex<u32>,
    hangs: Notify,
}

impl std::fmt::Debug for Bank {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bank")
    }
}

#[async_trait]
impl PaymentBackend for Bank {
    async fn pay(&self, attempt: &PaymentAttempt) -> Result<PaymentReceipt, PaymentFailure> {
        *self.asked.lock().unwrap() += 1;
        let id = attempt.id.to_string();
        let mood = self.moods.lock().unwrap().pop_front();
        let mut amount_usd = attempt.amount_usd;
        if let Some(Mood::Charges(less)) = mood {
            amount_usd = less;
        }
        self.paid.lock().unwrap().insert(id.clone(), amount_usd);
        match mood {
            None | Some(Mood::Answers | Mood::Charges(_)) => {}
            Some(Mood::Hesitates) => return Err(PaymentFailure::Unknown("did not answer".into())),
            Some(Mood::Declines) => {
                self.paid.lock().unwrap().remove(&id);
                return Err(PaymentFailure::NotPaid("the card was declined".into()));
            }
            Some(Mood::Hangs) => {
                self.hangs.notify_one();
                pending::<()>().await;
            }
        }
        Ok(PaymentReceipt {
            amount_usd,
            response: json!({"found": [1, null]}),
            receipt: json!({"signature": "MARKER-receipt"}),
        })
    }
}

impl Bank {
    fn in_the_mood(moods: impl IntoIterator<Item = Mood>) -> Arc<Self> {
        let bank = Self::default();
        bank.moods.lock().unwrap().extend(moods);
        Arc::new(bank)
    }

    fn paid(&self) -> Vec<f64> {
        self.paid.lock().unwrap().values().copied().collect()
    }
}

async fn open_with(bank: &Arc<Bank>, path: &Path) -> Reference {
    let config = ReferenceConfig {
        payments: Some(bank.clone()),
        ..config(url_at(path).await)
    };
    Reference::open(config).await.unwrap()
}

async fn endow(s: &ScopedReference, balance_usd: f64) -> PaymentAccountId {
    let account = LedgerAccount {
        id: PaymentAccountId::new(),
        rail: PaymentRail::X402Base,
        label: "wallet".into(),
        balance_usd,
    };
    let policy = LedgerPolicy {
        subject: PolicySubject::Org,
        account_id: account.id,
        allowed_capabilities: Vec::new(),
        allowed_operations: Vec::new(),
        allowed_hosts: Vec::new(),
        max_amount_usd_per_request: None,
        max_amount_usd_per_day: Some(5.0),
    };
    let id = account.id;
    s.seed()
        .put_payment_policy(policy, Some(account))
        .await
        .unwrap();
    id
}

fn request(max_amount_usd: f64) -> MachinePaymentRequest {
    MachinePaymentRequest {
        capability: "paid_search".into(),
        operation: "search".into(),
        method: PaymentMethod::Post,
        url: "https://api.example.com/v1/search".into(),
        body: Some(json!({"q": "x"})),
        max_amount_usd,
        rail_preference: Vec::new(),
        metadata: json!({}),
    }
}

async fn pay(
    store: &Reference,
    session_id: SessionId,
    request_id: &str,
    usd: f64,
) -> Result<MachinePaymentResponse, StoreError> {
    let s = call(store, 1, EXECUTE_MACHINE_PAYMENT.method, request_id);
    let authority = s.payment_authority(1, None).unwrap();
    authority
        .execute_machine_payment(session_id, request(usd))
        .await
        .map_err(|error: AgentLoopError| error.into())
}

async fn balance(store: &Reference) -> i64 {
    let mut conn = store.inner.db.read_all_orgs().await.unwrap();
    let (balance,): (i64,) = conn
        .query_as("SELECT balance FROM payment_accounts")
        .fetch_one()
        .await
        .unwrap();
    balance
}

/// A server that dies between the payment and its answer has paid once: the call that
/// comes again, to the server that takes its place, gets the first receipt.
#[tokio::test]
async fn a_crash_after_the_payment() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.db");
    let bank = Bank::in_the_mood([Mood::Hangs]);
    let store = open_with(&bank, &path).await;
    let session = new_session(&adapter(&store, 1)).await;
    endow(&adapter(&store, 1), 4.0).await;
    tokio::select! {
        _ = pay(&store, session, "r", 1.5) => unreachable!("the bank hangs"),
        () = bank.hangs.notified() => {}
    }
    store.close().await;

    let store = open_with(&bank, &path).await;
    let paid = pay(&store, session, "r", 1.5).await.unwrap();
    let attempts: Vec<_> = bank.paid.lock().unwrap().keys().cloned().collect();
    assert_eq!(attempts, [paid.attempt_id.unwrap().to_string()]);
    assert_eq!(paid.receipt["signature"], "MARKER-receipt");
    assert_eq!(balance(&store).await, 2_500_000);
    // From now on the answer is remembered; the bank is not asked again.
    let again = pay(&store, session, "r", 1.5).await.unwrap();
    assert_eq!(again.attempt_id, paid.attempt_id);
    assert_eq!(*bank.asked.lock().unwrap(), 2);
    assert_eq!(bank.paid(), [1.5]);
}

/// While it is unknown whether an attempt was paid, its amount stays set aside and the
/// caller hears so, with the id of the attempt; asked again, the bank says what
/// became of it.
#[tokio::test]
async fn an_unknown_outcome() {
    let folder = tempfile::tempdir().unwrap();
    let bank = Bank::in_the_mood([
        Mood::Hesitates,
        Mood::Hesitates,
        Mood::Answers,
        Mood::Hesitates,
        Mood::Declines,
    ]);
    let store = open_with(&bank, &folder.path().join("m.db")).await;
    let session = new_session(&adapter(&store, 1)).await;
    endow(&adapter(&store, 1), 2.0).await;
    for _ in 0..2 {
        let error = pay(&store, session, "r", 1.25).await.unwrap_err();
        assert_eq!(error.outcome, Outcome::Unknown);
        assert!(error.is_transient(), "{error}");
        assert!(error.metadata["attempt_id"].starts_with("payatt_"));
        assert_eq!(balance(&store).await, 750_000);
    }
    let error = pay(&store, session, "other", 1.0).await.unwrap_err();
    assert!(error.message.contains("0.75 USD left"), "{error}");
    pay(&store, session, "r", 1.25).await.unwrap();
    assert_eq!(bank.paid(), [1.25]);

    pay(&store, session, "s", 0.5).await.unwrap_err();
    assert_eq!(balance(&store).await, 250_000);
    for _ in 0..2 {
        // Declined once is declined for good: the bank is not asked a third time.
        let error = pay(&store, session, "s", 0.5).await.unwrap_err();
        assert_eq!(error.message, "the card was declined");
        assert_eq!(error.outcome, Outcome::NotApplied);
        assert_eq!(balance(&store).await, 750_000);
    }
    assert_eq!(*bank.asked.lock().unwrap(), 5);
    assert_eq!(bank.paid(), [1.25]);
}

/// An attempt whose caller never asks again is settled all the same: minutes later the
/// server asks the bank, once however many servers look, and books what it hears.
#[tokio::test]
async fn nobody_asks_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.db");
    let bank = Bank::in_the_mood([
        Mood::Hesitates,
        Mood::Hesitates,
        Mood::Charges(1.0),
        Mood::Hesitates,
        Mood::Declines,
    ]);
    let servers = [open_with(&bank, &path).await, open_with(&bank, &path).await];
    let [store, _] = &servers;
    let session = new_session(&adapter(store, 1)).await;
    endow(&adapter(store, 1), 9.0).await;
    let mut now = Utc::now();
    let mut settled = async || {
        now += TimeDelta::minutes(6);
        let [one, other] = servers
            .each_ref()
            .map(|it| it.inner.settler.settle_stale(now));
        let (one, other) = tokio::join!(one, other);
        one.unwrap() + other.unwrap()
    };

    pay(store, session, "paid", 1.5).await.unwrap_err();
    assert_eq!(
        store.inner.settler.settle_stale(Utc::now()).await.unwrap(),
        0
    );
    assert_eq!(*bank.asked.lock().unwrap(), 1, "its caller may still ask");
    assert_eq!(settled().await, 0);
    assert_eq!(balance(store).await, 7_500_000);
    assert_eq!(settled().await, 1);
    assert_eq!(balance(store).await, 8_000_000);
    assert_eq!(*bank.asked.lock().unwrap(), 3);
    // A late caller is told what was booked.
    let late = pay(store, session, "paid", 1.5).await.unwrap();
    assert_eq!(late.amount_usd, 1.0);

    pay(store, session, "declined", 2.0).await.unwrap_err();
    assert_eq!(settled().await, 1);
    assert_eq!(balance(store).await, 8_000_000);
    assert_eq!(settled().await, 0);
    assert_eq!(*bank.asked.lock().unwrap(), 5);
    assert_eq!(bank.paid(), [1.0]);
}

/// What was left in doubt by a clock that was a day ahead is not in doubt for the day.
#[tokio::test]
async fn the_clock_is_set_back() {
    let folder = tempfile::tempdir().unwrap();
    let bank = Bank::in_the_mood([Mood::Hesitates, Mood::Charges(1.0)]);
    let store = open_with(&bank, &folder.path().join("m.db")).await;
    let session = new_session(&adapter(&store, 1)).await;
    endow(&adapter(&store, 1), 9.0).await;
    pay(&store, session, "paid", 1.0).await.unwrap_err();
    let right = Utc::now() - TimeDelta::days(1);
    assert_eq!(store.inner.settler.settle_stale(right).await.unwrap(), 1);
    assert_eq!(bank.paid(), [1.0]);
}

/// A payment that cost less than it might have leaves the rest in the account, and
/// only what was paid counts for the day.
#[tokio::test]
async fn what_was_not_needed_stays() {
    let folder = tempfile::tempdir().unwrap();
    let bank = Bank::in_the_mood([Mood::Charges(0.014), Mood::Charges(f64::NAN)]);
    let store = open_with(&bank, &folder.path().join("m.db")).await;
    let session = new_session(&adapter(&store, 1)).await;
    endow(&adapter(&store, 1), 9.0).await;
    let paid = pay(&store, session, "a", 3.0).await.unwrap();
    assert_eq!(paid.amount_usd, 0.014);
    assert_eq!(balance(&store).await, 8_986_000);
    let paid = pay(&store, session, "b", 4.0).await.unwrap();
    assert_eq!(paid.amount_usd, 4.0, "what is no amount was the most");
    let error = pay(&store, session, "c", 1.0).await.unwrap_err();
    assert!(
        error.message.contains("4.014 USD today") && error.message.contains("5 USD"),
        "{error}"
    );
    assert_eq!(balance(&store).await, 4_986_000);
}

/// Receipts are not kept in clear: neither in the ledger nor among the answers; and
/// without a key nothing is paid.
#[tokio::test]
async fn receipts_are_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.db");
    let bank = Bank::in_the_mood([]);
    let store = open_with(&bank, &path).await;
    let session = new_session(&adapter(&store, 1)).await;
    endow(&adapter(&store, 1), 9.0).await;
    pay(&store, session, "a", 1.0).await.unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(14).any(|bytes| bytes == b"MARKER-receipt"));
    }
    let keyless = ReferenceConfig {
        encryption_key: None,
        payments: Some(bank.clone()),
        ..config(url_at(&folder.path().join("k.db")).await)
    };
    let store = Reference::open(keyless).await.unwrap();
    let session = new_session(&adapter(&store, 1)).await;
    endow(&adapter(&store, 1), 9.0).await;
    let error = pay(&store, session, "a", 1.0).await.unwrap_err();
    assert!(
        error.message.contains("Encryption not configured"),
        "{error}"
    );
    assert_eq!(bank.paid().len(), 1);
}
