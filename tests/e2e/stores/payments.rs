//! Over a socket, on every database: payments.

use crate::wire::Raw;
use everruns_core::AgentLoopError;
use everruns_core::payment::{
    MachinePaymentRequest, MachinePaymentResponse, PaymentMethod, PaymentRail,
};
use everruns_core::typed_id::{AgentId, PaymentAccountId, SessionId};
use everruns_runtime::RuntimeHostAdapter;
use futures::future::join_all;
use mortise_adapter_client::GrpcHostAdapter;
use mortise_proto::convert::payment_authority::{LedgerAccount, LedgerPolicy, PolicySubject};
use mortise_proto::error::Outcome;
use mortise_proto::pb;
use mortise_proto::pb::ErrorReason;
use mortise_proto::rpc::table::payment_authority_service::EXECUTE_MACHINE_PAYMENT;
use mortise_proto::rpc::table::session_mutator_service::UPDATE_SESSION_TITLE;
use mortise_runtime_host::local::demo;
use mortise_test_support::database::Database;
use mortise_test_support::fixtures::moment;
use mortise_test_support::in_process::{mesh, reference_on, serve};
use mortise_test_support::scenario::{TestHost, seed};
use serde_json::{Value, json};

fn account(balance_usd: f64) -> LedgerAccount {
    LedgerAccount {
        id: PaymentAccountId::new(),
        rail: PaymentRail::X402Base,
        label: "wallet".into(),
        balance_usd,
    }
}

fn unlimited(subject: PolicySubject, account: &LedgerAccount) -> LedgerPolicy {
    LedgerPolicy {
        subject,
        account_id: account.id,
        allowed_capabilities: Vec::new(),
        allowed_operations: Vec::new(),
        allowed_hosts: Vec::new(),
        max_amount_usd_per_request: None,
        max_amount_usd_per_day: None,
    }
}

fn request(max_amount_usd: f64) -> MachinePaymentRequest {
    MachinePaymentRequest {
        capability: "paid_search".into(),
        operation: "search".into(),
        method: PaymentMethod::Get,
        url: "https://API.example.com:8443/v1/search?q=x".into(),
        body: None,
        max_amount_usd,
        rail_preference: Vec::new(),
        metadata: Value::Null,
    }
}

async fn pay(
    adapter: &GrpcHostAdapter,
    agent_id: Option<AgentId>,
    session_id: SessionId,
    request: MachinePaymentRequest,
) -> Result<MachinePaymentResponse, AgentLoopError> {
    let authority = adapter.payment_authority(adapter.org_id(), agent_id);
    authority
        .unwrap()
        .execute_machine_payment(session_id, request)
        .await
}

#[track_caller]
fn names(error: AgentLoopError, words: &[&str]) {
    let text = error.to_string();
    assert!(matches!(error, AgentLoopError::ToolExecution(_)), "{text}");
    for word in words {
        assert!(text.contains(word), "{text}");
    }
}

/// A payment names its attempt, its amount, its rail and a receipt; and where no money
/// was moved, what came back says so.
#[tokio::test]
async fn a_payment_is_booked() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let error = pay(&stage.adapter, None, stage.session_id, request(1.0)).await;
        names(error.unwrap_err(), &["there is no payment policy"]);

        let account = account(1.0);
        let policy = unlimited(PolicySubject::Org, &account);
        let put = stage.adapter.test_seed().unwrap();
        put.put_payment_policy(policy, Some(account)).await.unwrap();
        let request = MachinePaymentRequest {
            rail_preference: vec![PaymentRail::MppTempo, PaymentRail::X402Base],
            ..request(0.014)
        };
        let paid = pay(&stage.adapter, None, stage.session_id, request).await;
        let paid = paid.unwrap();
        let attempt = paid.attempt_id.unwrap().to_string();
        assert!(attempt.starts_with("payatt_"));
        assert_eq!(paid.amount_usd, 0.014);
        assert_eq!(paid.rail, Some(PaymentRail::X402Base));
        assert_eq!(paid.receipt["attempt_id"], json!(attempt));
        let note = paid.response["note"].as_str().unwrap();
        assert!(note.contains("no money was moved"), "{note}");

        let two = stage.mesh.adapter(2).build().await.unwrap();
        let error = pay(&two, None, stage.session_id, self::request(0.1)).await;
        assert!(matches!(error, Err(AgentLoopError::SessionNotFound(_))));
        let foreign = stage.adapter.payment_authority(2, None).unwrap();
        let error = foreign.execute_machine_payment(stage.session_id, self::request(0.1));
        let text = error.await.unwrap_err().to_string();
        assert!(text.contains("serves org 1"), "{text}");
    }
}

/// What is beyond a limit is refused in words that name the limit, and costs nothing:
/// afterwards the whole balance can still be spent.
#[tokio::test]
async fn limits_hold() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let account = account(4.0);
        let policy = LedgerPolicy {
            allowed_capabilities: vec!["paid_search".into()],
            allowed_operations: vec!["search".into(), "extract".into()],
            allowed_hosts: vec!["bücher.example".into(), "api.EXAMPLE.com".into()],
            max_amount_usd_per_request: Some(2.5),
            max_amount_usd_per_day: Some(4.5),
            ..unlimited(PolicySubject::Org, &account)
        };
        let put = stage.adapter.test_seed().unwrap();
        put.put_payment_policy(policy, Some(account)).await.unwrap();
        let changed = |change: fn(&mut MachinePaymentRequest)| {
            let mut request = request(1.0);
            change(&mut request);
            request
        };
        for (request, words) in [
            (request(2.500_001), &["2.500001 USD", "2.5 USD"][..]),
            (
                changed(|r| r.capability = "Paid_Search".into()),
                &["capability \"Paid_Search\""],
            ),
            (
                changed(|r| r.operation = "buy".into()),
                &["operation \"buy\""],
            ),
            (
                changed(|r| r.url = "https://example.com/".into()),
                &["example.com"],
            ),
            (
                changed(|r| r.url = "https://api.example.com@evil.test/".into()),
                &["evil.test"],
            ),
            (
                changed(|r| r.url = "file:///etc/passwd".into()),
                &["not an http"],
            ),
            (
                changed(|r| r.rail_preference = vec![PaymentRail::MppTempo]),
                &["x402_base", "mpp_tempo"],
            ),
        ] {
            let error = pay(&stage.adapter, None, stage.session_id, request).await;
            names(error.unwrap_err(), words);
        }
        for amount in [-1.0, f64::NAN, f64::INFINITY] {
            let error = pay(&stage.adapter, None, stage.session_id, request(amount)).await;
            let text = error.unwrap_err().to_string();
            assert!(text.contains("payment.max_amount_usd"), "{text}");
        }
        let international = changed(|r| r.url = "http://xn--bcher-kva.example/".into());
        pay(&stage.adapter, None, stage.session_id, international)
            .await
            .unwrap();
        pay(&stage.adapter, None, stage.session_id, request(2.5))
            .await
            .unwrap();
        let error = pay(&stage.adapter, None, stage.session_id, request(1.001)).await;
        names(error.unwrap_err(), &["3.5 USD today", "4.5 USD"]);
        let error = pay(&stage.adapter, None, stage.session_id, request(0.75)).await;
        names(error.unwrap_err(), &["0.5 USD left"]);
        pay(&stage.adapter, None, stage.session_id, request(0.5))
            .await
            .unwrap();
    }
}

/// The policy of the session decides, else that of its agent, else that of the org.
#[tokio::test]
async fn the_nearest_policy_decides() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let account = account(100.0);
        let put = stage.adapter.test_seed().unwrap();
        let other = demo::session(1, moment());
        let (session_id, other_id) = (stage.session_id, other.id);
        let agent_id = other.agent_id.unwrap();
        put.put_session(other).await.unwrap();
        let at_most = |subject, usd| LedgerPolicy {
            max_amount_usd_per_request: Some(usd),
            ..unlimited(subject, &account)
        };
        let missing = put.put_payment_policy(at_most(PolicySubject::Org, 1.0), None);
        let text = missing.await.unwrap_err().to_string();
        assert!(text.contains(&account.id.to_string()), "{text}");

        let org = at_most(PolicySubject::Org, 1.0);
        put.put_payment_policy(org, Some(account.clone()))
            .await
            .unwrap();
        for (subject, usd) in [
            (PolicySubject::Agent(agent_id), 2.0),
            (PolicySubject::Session(session_id), 0.5),
        ] {
            put.put_payment_policy(at_most(subject, usd), None)
                .await
                .unwrap();
        }
        let stranger = Some(AgentId::new());
        for (agent_id, session_id, most) in [
            (None, session_id, 0.5),
            (Some(agent_id), session_id, 0.5),
            (None, other_id, 2.0),
            (Some(agent_id), other_id, 2.0),
            (stranger, other_id, 1.0),
        ] {
            let adapter = &stage.adapter;
            pay(adapter, agent_id, session_id, request(most))
                .await
                .unwrap();
            let error = pay(adapter, agent_id, session_id, request(most + 0.1)).await;
            names(error.unwrap_err(), &["allows for one payment"]);
        }
    }
}

/// Payments at the same time cannot spend more than there is.
#[tokio::test]
async fn nobody_overdraws() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let account = account(5.0);
        let policy = unlimited(PolicySubject::Org, &account);
        let put = stage.adapter.test_seed().unwrap();
        put.put_payment_policy(policy, Some(account)).await.unwrap();
        let payments = (0..16).map(|_| pay(&stage.adapter, None, stage.session_id, request(1.0)));
        let paid = join_all(payments).await;
        let (paid, refused): (Vec<_>, Vec<_>) = paid.into_iter().partition(Result::is_ok);
        assert_eq!((paid.len(), refused.len()), (5, 11));
        for error in refused {
            names(error.unwrap_err(), &["0 USD left"]);
        }
    }
}

/// A call that is sent again, also at the same time, is answered again and charged
/// once; its request_id can be used for nothing else. Refused calls leave no trace.
#[tokio::test]
async fn a_repeated_payment_is_charged_once() {
    for database in Database::ALL {
        let folder = tempfile::tempdir().unwrap();
        let server = serve(reference_on(database, folder.path()).await).await;
        let adapter = mesh(&server.endpoint).adapter(1).build().await.unwrap();
        let session_id = seed(&adapter).await;
        let account = account(1.0);
        let policy = unlimited(PolicySubject::Org, &account);
        let put = adapter.test_seed().unwrap();
        put.put_payment_policy(policy, Some(account)).await.unwrap();

        let raw = Raw::connect(&server.endpoint).await;
        let context = |request_id: &str| {
            Some(pb::CallContext {
                org_id: 1,
                request_id: request_id.into(),
                ..Default::default()
            })
        };
        let asked = |request_id, usd| pb::ExecuteMachinePaymentRequest {
            context: context(request_id),
            session_id: session_id.to_string(),
            agent_id: None,
            payment: Some(request(usd).into()),
        };
        let path = EXECUTE_MACHINE_PAYMENT.method.path;
        let same = asked("same", 0.75);
        let answers = join_all((0..8).map(|_| raw.call(path, &same))).await;
        let first = answers[0].clone().unwrap();
        assert!(answers.iter().all(|answer| answer.as_ref() == Ok(&first)));
        assert_eq!(raw.call(path, &same).await.unwrap(), first);

        let error = raw.call(path, &asked("more", 0.5)).await.unwrap_err();
        assert_eq!(error.reason, Some(ErrorReason::ToolExecution));
        assert_eq!(error.outcome, Outcome::NotApplied);
        assert!(error.message.contains("0.25 USD left"), "{error}");
        raw.call(path, &asked("more", 0.25)).await.unwrap();

        let title = pb::UpdateSessionTitleRequest {
            context: context("same"),
            session_id: session_id.to_string(),
            title: "x".into(),
        };
        let path = UPDATE_SESSION_TITLE.method.path;
        let error = raw.call(path, &title).await.unwrap_err();
        assert_eq!(error.reason, Some(ErrorReason::RequestIdReused), "{error}");
    }
}
