//! Payments. Every rule pays from an account of its own, under the policy of its session.

use super::common::{lost_reply, refused_as_invalid, repeated};
use super::refusals::{NO_SESSION_IDS, has_reason};
use crate::check::{Outcome, broken, present, same, skipped, that};
use crate::context::{Cx, described, fresh_id};
use crate::fixtures::is_id;
use crate::rule::{Group, Need, Rule};
use futures::future::join_all;
use mortise_proto::error::Outcome as Applied;
use mortise_proto::pb::{self, ErrorReason, PaymentMethod, PaymentRail, ledger_policy};
use mortise_proto::rpc::table::payment_authority_service::{EXECUTE_MACHINE_PAYMENT, NAME};
use mortise_proto::rpc::table::test_seed_service::PUT_PAYMENT_POLICY;

pub(crate) fn rules() -> Vec<Rule> {
    Group::of(NAME)
        .hard("PAY-01", "A request above what the policy allows for one payment is TOOL_EXECUTION and charges nothing.", "payment.rs:225", pay_01_above_limit).needs(&[Need::Seed])
        .soft("PAY-02", "Without a policy nothing is paid: TOOL_EXECUTION, not applied.", "payment.rs:190", pay_02_no_policy)
        .hard("PAY-03", "The same request_id charges once and is answered as the first time.", "payment_authority.proto", pay_03_once).needs(&[Need::Seed])
        .hard("PAY-04", "A payment whose caller went away before the answer is made once when it is sent again.", "payment_authority.proto", pay_04_lost_replies).needs(&[Need::Seed]).full()
        .hard("PAY-05", "Of 12 payments at the same time as many are made as the account holds, never more.", "payment_authority.proto", pay_05_concurrent).needs(&[Need::Seed]).full()
        .hard("PAY-06", "A capability, operation or host that the policy does not name is refused.", "payment_authority.proto, LedgerPolicy", pay_06_not_named).needs(&[Need::Seed])
        .hard("PAY-07", "The limit of a day is over all payments of the policy.", "payment_authority.proto, LedgerPolicy", pay_07_day_limit).needs(&[Need::Seed])
        .hard("PAY-08", "A payment for a session that does not exist is SESSION_NOT_FOUND.", "payment_authority.proto", pay_08_no_session).needs(&[Need::Session])
        .hard("PAY-09", "Malformed ids, amounts, methods and JSON are refused as INVALID_FIELD.", "payment_authority.proto, MachinePaymentRequest", pay_09_malformed)
        .hard("PAY-10", "The policy of the session takes precedence over that of its agent.", "payment_authority.proto, LedgerPolicy", pay_10_session_first).needs(&[Need::Seed, Need::Agent])
        .hard("PAY-11", "Another org cannot pay for a session whose id it knows.", "context.proto", pay_11_other_org).needs(&[Need::Seed, Need::OtherOrg])
        .hard("PAY-12", "A payment says what was paid, at most what was allowed, over which rail, and what came of it in JSON.", "payment_authority.proto, MachinePaymentResponse", pay_12_says).needs(&[Need::Seed])
        .list()
}

pub(crate) fn payment(session_id: &str, max_amount_usd: f64) -> pb::ExecuteMachinePaymentRequest {
    pb::ExecuteMachinePaymentRequest {
        context: None,
        session_id: session_id.into(),
        agent_id: None,
        payment: Some(pb::MachinePaymentRequest {
            capability: "contract".into(),
            operation: "buy".into(),
            method: PaymentMethod::Post.into(),
            url: "https://shop.example.com/item".into(),
            body_json: Some("{\"item\":1}".into()),
            max_amount_usd,
            rail_preference: Vec::new(),
            metadata_json: "{}".into(),
        }),
    }
}

/// The same with its payment changed.
fn changed(
    mut request: pb::ExecuteMachinePaymentRequest,
    change: impl FnOnce(&mut pb::MachinePaymentRequest),
) -> pb::ExecuteMachinePaymentRequest {
    request.payment.as_mut().map(change);
    request
}

/// Puts a policy that allows everything but what is changed, over an account with a balance.
pub(crate) async fn allow(
    cx: &Cx,
    subject: ledger_policy::Subject,
    balance_usd: f64,
    change: impl FnOnce(&mut pb::LedgerPolicy),
) -> Outcome {
    let account_id = fresh_id("payacct");
    let mut policy = pb::LedgerPolicy {
        subject: Some(subject),
        account_id: account_id.clone(),
        ..Default::default()
    };
    change(&mut policy);
    let request = pb::PutPaymentPolicyRequest {
        context: None,
        policy: Some(policy),
        account: Some(pb::LedgerAccount {
            id: account_id,
            rail: PaymentRail::X402Base.into(),
            label: "contract".into(),
            balance_usd,
        }),
    };
    cx.call(&PUT_PAYMENT_POLICY, request).await.map(drop)
}

/// A session that may pay from an account with so much.
async fn session_with(
    cx: &Cx,
    balance_usd: f64,
    change: impl FnOnce(&mut pb::LedgerPolicy),
) -> Outcome<String> {
    let session = cx.session().await?;
    let subject = ledger_policy::Subject::SessionId(session.clone());
    allow(cx, subject, balance_usd, change).await?;
    // A payment of nothing says whether this server can pay at all.
    match cx
        .attempt(&EXECUTE_MACHINE_PAYMENT, payment(&session, 0.0))
        .await
    {
        Ok(_) => Ok(session),
        Err(error) if error.reason == Some(ErrorReason::Configuration) => {
            skipped("the server has no key to encrypt receipts with")
        }
        Err(error) => skipped(format!(
            "the server cannot pay for a request to shop.example.com: {}",
            described(&error)
        )),
    }
}

async fn pay(cx: &Cx, session: &str, usd: f64) -> Outcome<pb::MachinePaymentResponse> {
    let request = payment(session, usd);
    let answer = cx.call(&EXECUTE_MACHINE_PAYMENT, request).await?;
    present("ExecuteMachinePayment.payment", answer.payment)
}

/// Nothing is paid, and the server is sure of it.
async fn refused(cx: &Cx, what: &str, request: pb::ExecuteMachinePaymentRequest) -> Outcome {
    let error = cx.refused(&EXECUTE_MACHINE_PAYMENT, request).await?;
    has_reason(what, &error, &[ErrorReason::ToolExecution])?;
    match error.outcome {
        Applied::NotApplied => Ok(()),
        Applied::Applied | Applied::Unknown => broken(
            format!("metadata[\"outcome\"] of the error of {what}"),
            "not_applied",
            format!("{:?}", error.outcome),
        ),
    }
}

/// What an account of a session holds: that may be paid, and a cent more may not.
async fn holds(cx: &Cx, session: &str, usd: f64) -> Outcome {
    let what = format!(
        "a payment of {} from an account that must hold {usd}",
        usd + 0.01
    );
    refused(cx, &what, payment(session, usd + 0.01)).await?;
    pay(cx, session, usd).await.map(drop)
}

async fn pay_01_above_limit(cx: Cx) -> Outcome {
    let session = session_with(&cx, 5.0, |policy| {
        policy.max_amount_usd_per_request = Some(2.0);
    })
    .await?;
    let what = "a payment of 2.01 where 2 are allowed";
    refused(&cx, what, payment(&session, 2.01)).await?;
    pay(&cx, &session, 2.0).await?;
    pay(&cx, &session, 2.0).await?;
    holds(&cx, &session, 1.0).await
}

async fn pay_02_no_policy(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let request = payment(&session, 0.5);
    match cx.attempt(&EXECUTE_MACHINE_PAYMENT, request).await {
        Ok(_) => skipped("the org has a policy of its own"),
        Err(error) if error.reason == Some(ErrorReason::Configuration) => {
            skipped("the server has no key to encrypt receipts with")
        }
        Err(error) => {
            let what = "a payment without a policy";
            has_reason(what, &error, &[ErrorReason::ToolExecution])?;
            same("whether it happened", &error.outcome, &Applied::NotApplied)
        }
    }
}

async fn pay_03_once(cx: Cx) -> Outcome {
    let session = session_with(&cx, 3.0, |_| ()).await?;
    repeated(&cx, &EXECUTE_MACHINE_PAYMENT, payment(&session, 2.0)).await?;
    holds(&cx, &session, 1.0).await
}

async fn pay_04_lost_replies(cx: Cx) -> Outcome {
    let session = session_with(&cx, 3.0, |_| ()).await?;
    lost_reply(&cx, &EXECUTE_MACHINE_PAYMENT, payment(&session, 2.0)).await?;
    holds(&cx, &session, 1.0).await
}

async fn pay_05_concurrent(cx: Cx) -> Outcome {
    let session = session_with(&cx, 5.0, |_| ()).await?;
    let other = cx.over_new_connection();
    let payments = (0..12).map(|index| {
        let cx = [&cx, &other][index % 2];
        cx.attempt(&EXECUTE_MACHINE_PAYMENT, payment(&session, 1.0))
    });
    let answers = join_all(payments).await;
    for error in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        let what = "a payment beyond the account's balance";
        has_reason(what, error, &[ErrorReason::ToolExecution])?;
    }
    let paid = answers.iter().filter(|answer| answer.is_ok()).count();
    same(
        "how many payments of 1 were made from an account of 5",
        &paid,
        &5,
    )
}

async fn pay_06_not_named(cx: Cx) -> Outcome {
    let session = session_with(&cx, 5.0, |policy| {
        policy.allowed_capabilities = vec!["contract".into()];
        policy.allowed_operations = vec!["buy".into(), "rent".into()];
        policy.allowed_hosts = vec!["SHOP.example.com".into()];
    })
    .await?;
    let url =
        |url: &'static str| changed(payment(&session, 0.5), |payment| payment.url = url.into());
    let others = [
        changed(payment(&session, 0.5), |payment| {
            payment.capability = "contracts".into()
        }),
        changed(payment(&session, 0.5), |payment| {
            payment.operation = "steal".into()
        }),
        url("https://example.com/item"),
        url("https://evil.shop.example.com/item"),
        url("https://shop.example.com.evil.com/item"),
        url("https://shop.example.com@evil.com/item"),
        url("ftp://shop.example.com/item"),
        url("shop.example.com"),
    ];
    for request in others {
        let what = format!(
            "a payment that the policy does not allow ({:?})",
            request.payment
        );
        refused(&cx, &what, request).await?;
    }
    let allowed = url("https://shop.EXAMPLE.com:8443/other?x=1");
    cx.call(&EXECUTE_MACHINE_PAYMENT, allowed).await?;
    holds(&cx, &session, 4.5).await
}

async fn pay_07_day_limit(cx: Cx) -> Outcome {
    let session = session_with(&cx, 100.0, |policy| {
        policy.max_amount_usd_per_day = Some(3.0);
    })
    .await?;
    pay(&cx, &session, 2.0).await?;
    let what = "a payment of 1.01 after 2 of 3 in a day";
    refused(&cx, what, payment(&session, 1.01)).await?;
    pay(&cx, &session, 1.0).await?;
    let what = "a payment of 0.01 after 3 of 3 in a day";
    refused(&cx, what, payment(&session, 0.01)).await
}

async fn pay_08_no_session(cx: Cx) -> Outcome {
    let request = payment(&fresh_id("session"), 0.5);
    let error = cx.refused(&EXECUTE_MACHINE_PAYMENT, request).await?;
    if error.reason == Some(ErrorReason::Configuration) {
        return skipped("the server has no key to encrypt receipts with");
    }
    let what = "a payment for a session that does not exist";
    has_reason(what, &error, &[ErrorReason::SessionNotFound])
}

async fn pay_09_malformed(cx: Cx) -> Outcome {
    for id in NO_SESSION_IDS {
        refused_as_invalid(&cx, &EXECUTE_MACHINE_PAYMENT, payment(id, 0.5)).await?;
    }
    let session = cx.session().await?;
    let without = pb::ExecuteMachinePaymentRequest {
        payment: None,
        ..payment(&session, 0.5)
    };
    refused_as_invalid(&cx, &EXECUTE_MACHINE_PAYMENT, without).await?;
    let other_agent = pb::ExecuteMachinePaymentRequest {
        agent_id: Some("agent_1".into()),
        ..payment(&session, 0.5)
    };
    refused_as_invalid(&cx, &EXECUTE_MACHINE_PAYMENT, other_agent).await?;
    let sent = payment(&session, 0.5);
    let wrong = [
        changed(sent.clone(), |payment| payment.method = 0),
        changed(sent.clone(), |payment| payment.method = 99),
        changed(sent.clone(), |payment| payment.rail_preference = vec![0]),
        changed(sent.clone(), |payment| payment.body_json = Some("{".into())),
        changed(sent, |payment| payment.metadata_json = String::new()),
    ];
    for request in wrong {
        refused_as_invalid(&cx, &EXECUTE_MACHINE_PAYMENT, request).await?;
    }
    for amount in [-0.01, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let request = payment(&session, amount);
        refused_as_invalid(&cx, &EXECUTE_MACHINE_PAYMENT, request).await?;
    }
    Ok(())
}

async fn pay_10_session_first(cx: Cx) -> Outcome {
    let session = session_with(&cx, 5.0, |policy| {
        policy.max_amount_usd_per_request = Some(1.0);
    })
    .await?;
    let agent = cx.agent().await?;
    let subject = ledger_policy::Subject::AgentId(agent.clone());
    allow(&cx, subject, 50.0, |_| ()).await?;
    let by_agent = |session: &str, usd| pb::ExecuteMachinePaymentRequest {
        agent_id: Some(agent.clone()),
        ..payment(session, usd)
    };
    let what = "a payment that the agent's policy allows and the session's does not";
    refused(&cx, what, by_agent(&session, 2.0)).await?;
    let other = cx.session().await?;
    let request = by_agent(&other, 2.0);
    cx.call(&EXECUTE_MACHINE_PAYMENT, request).await.map(drop)
}

async fn pay_11_other_org(cx: Cx) -> Outcome {
    let session = session_with(&cx, 1.0, |_| ()).await?;
    let other = cx.in_other_org()?;
    let request = payment(&session, 0.5);
    let error = other.refused(&EXECUTE_MACHINE_PAYMENT, request).await?;
    let what = "a payment for a session of another org";
    has_reason(
        what,
        &error,
        &[ErrorReason::SessionNotFound, ErrorReason::NotAllowed],
    )?;
    holds(&cx, &session, 1.0).await
}

async fn pay_12_says(cx: Cx) -> Outcome {
    let session = session_with(&cx, 5.0, |_| ()).await?;
    let paid = pay(&cx, &session, 1.25).await?;
    let is_within = (0.0..=1.25).contains(&paid.amount_usd);
    that(
        "MachinePaymentResponse.amount_usd",
        "0 to 1.25",
        is_within,
        &paid.amount_usd,
    )?;
    if let Some(id) = &paid.attempt_id {
        let expected = "`payatt_` and 32 hex digits";
        that(
            "MachinePaymentResponse.attempt_id",
            expected,
            is_id(id, "payatt"),
            id,
        )?;
    }
    if let Some(rail) = paid.rail {
        let expected = i32::from(PaymentRail::X402Base);
        same(
            "MachinePaymentResponse.rail, that of the account",
            &rail,
            &expected,
        )?;
    }
    for (what, json) in [
        ("MachinePaymentResponse.response_json", &paid.response_json),
        ("MachinePaymentResponse.receipt_json", &paid.receipt_json),
    ] {
        let is_json = serde_json::from_str::<serde_json::Value>(json).is_ok();
        that(what, "one JSON value", is_json, "something else")?;
    }
    Ok(())
}
