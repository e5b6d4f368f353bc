//! What a session may still spend. Rules count in currencies that no other uses; the budget
//! of a whole org is put in the second org, so that the first stays without.

use super::common::refused_as_invalid;
use super::refusals::NO_SESSION_IDS;
use crate::check::{Outcome, broken, present, same, skipped, that};
use crate::context::{Cx, fresh_id};
use crate::rule::{Group, Need, Rule};
use crate::seed::new_session;
use mortise_proto::pb::{self, BudgetSubjectType as Subject};
use mortise_proto::rpc::table::budget_checker_service::{CHECK_BUDGETS, NAME};
use mortise_proto::rpc::table::test_seed_service::{PUT_BUDGET, PUT_SESSION};

pub(crate) fn rules() -> Vec<Rule> {
    Group::of(NAME)
        .hard("BUD-01", "A session without budgets has the status `no_budgets` and an empty list.", "budget.rs:319", bud_01_none)
        .soft("BUD-02", "Each budget says limit, balance and percent_remaining of 0 to 100, however far it is overdrawn.", "budget.rs:306", bud_02_says).needs(&[Need::Seed])
        .hard("BUD-03", "A session that is unknown has no budgets, or is refused; it never has those of another session.", "T:842", bud_03_unknown)
        .hard("BUD-04", "A budget is `active`, `warning`, `paused` or `exhausted`, and the worst of them is the status of all.", "budget_checker.proto", bud_04_worst).needs(&[Need::Seed])
        .hard("BUD-05", "The budgets of a session, of its agent and of the running agent count, and those of others do not.", "budget_checker.proto, CheckBudgets", bud_05_subjects).needs(&[Need::Seed, Need::Agent])
        .hard("BUD-06", "The budget of the org counts for its sessions and for no other org's.", "budget_checker.proto, CheckBudgets", bud_06_org).needs(&[Need::Seed, Need::OtherOrg])
        .hard("BUD-07", "A malformed agent id is refused as INVALID_FIELD; a malformed session id is refused or has no budgets.", "ID:85-121", bud_07_malformed)
        .hard("BUD-08", "Another org sees no budget of a session whose id it knows.", "context.proto", bud_08_other_org).needs(&[Need::Seed, Need::OtherOrg])
        .hard("BUD-09", "A replaced budget is returned at once, over any connection.", "read your writes", bud_09_replaced).needs(&[Need::Seed]).full()
        .list()
}

fn of(session_id: &str, agent_id: Option<&str>) -> pb::CheckBudgetsRequest {
    pb::CheckBudgetsRequest {
        context: None,
        session_id: session_id.into(),
        agent_id: agent_id.map(Into::into),
    }
}

/// A budget of 100 with so much left.
fn budget(subject: Subject, subject_id: &str, currency: &str, balance: f64) -> pb::Budget {
    pb::Budget {
        id: fresh_id("bdgt"),
        subject_type: subject.into(),
        subject_id: subject_id.into(),
        currency: currency.into(),
        limit: Some(100.0),
        soft_limit: None,
        balance: Some(balance),
        is_paused: false,
    }
}

async fn put(cx: &Cx, budget: pb::Budget) -> Outcome {
    let request = pb::PutBudgetRequest {
        context: None,
        budget: Some(budget),
    };
    cx.call(&PUT_BUDGET, request).await.map(drop)
}

async fn check(cx: &Cx, session: &str, agent: Option<&str>) -> Outcome<pb::CheckBudgetsResponse> {
    cx.call(&CHECK_BUDGETS, of(session, agent)).await
}

/// The budgets of a session in currencies that begin so, by currency.
async fn currencies(
    cx: &Cx,
    session: &str,
    agent: Option<&str>,
    stem: &str,
) -> Outcome<Vec<String>> {
    let budgets = check(cx, session, agent).await?.budgets.into_iter();
    let mut found: Vec<_> = budgets
        .map(|budget| budget.currency)
        .filter(|currency| currency.starts_with(stem))
        .collect();
    found.sort();
    Ok(found)
}

/// The only budget in a currency.
async fn only(cx: &Cx, session: &str, currency: &str) -> Outcome<pb::BudgetInfo> {
    let mut budgets = check(cx, session, None).await?.budgets;
    budgets.retain(|budget| budget.currency == currency);
    match (budgets.pop(), budgets.is_empty()) {
        (Some(budget), true) => Ok(budget),
        (budget, _) => broken(
            format!("the budgets in the currency {currency}"),
            "one",
            format!("{budget:?} and {budgets:?}"),
        ),
    }
}

async fn bud_01_none(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let answer = check(&cx, &session, None).await?;
    if answer.status != "no_budgets" && !answer.budgets.is_empty() {
        return skipped("the org has budgets of its own, which count for every session");
    }
    same(
        "CheckBudgets.status",
        &answer.status.as_str(),
        &"no_budgets",
    )?;
    same("CheckBudgets.budgets", &answer.budgets, &vec![])
}

async fn bud_02_says(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    // What is left of 100, and in hundredths.
    for (balance, percent) in [
        (100.0, 100.0),
        (37.5, 37.5),
        (0.0, 0.0),
        (-20.0, 0.0),
        (150.0, 100.0),
    ] {
        let currency = cx.name("cur");
        put(&cx, budget(Subject::Session, &session, &currency, balance)).await?;
        let info = only(&cx, &session, &currency).await?;
        same("BudgetInfo.limit", &info.limit, &Some(100.0))?;
        same("BudgetInfo.balance", &info.balance, &Some(balance))?;
        same("BudgetInfo.soft_limit", &info.soft_limit, &None::<f64>)?;
        let said = present("BudgetInfo.percent_remaining", info.percent_remaining)?;
        that(
            &format!("BudgetInfo.percent_remaining of {balance} of 100"),
            &format!("{percent}"),
            (said - percent).abs() < 0.01,
            &said,
        )?;
    }
    Ok(())
}

async fn bud_03_unknown(cx: Cx) -> Outcome {
    let request = of(&fresh_id("session"), None);
    if let Ok(answer) = cx.attempt(&CHECK_BUDGETS, request).await {
        same(
            "CheckBudgets.status of a session that does not exist",
            &answer.status.as_str(),
            &"no_budgets",
        )?;
        same(
            "CheckBudgets.budgets of a session that does not exist",
            &answer.budgets,
            &vec![],
        )?;
    }
    Ok(())
}

async fn bud_04_worst(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    // From the best to the worst: each makes the whole what it is itself.
    let cases = [
        (50.0, Some(10.0), false, "active"),
        (9.0, Some(10.0), false, "warning"),
        (50.0, None, true, "paused"),
        (0.0, None, false, "exhausted"),
    ];
    for (balance, soft_limit, is_paused, status) in cases {
        let currency = cx.name("cur");
        let budget = pb::Budget {
            soft_limit,
            is_paused,
            ..budget(Subject::Session, &session, &currency, balance)
        };
        put(&cx, budget).await?;
        let info = only(&cx, &session, &currency).await?;
        same("BudgetInfo.status", &info.status.as_str(), &status)?;
        same("BudgetInfo.soft_limit", &info.soft_limit, &soft_limit)?;
        let answer = check(&cx, &session, None).await?;
        same(
            "CheckBudgets.status, the worst of its budgets",
            &answer.status.as_str(),
            &status,
        )?;
    }
    // A good one more does not make it better.
    put(
        &cx,
        budget(Subject::Session, &session, &cx.name("cur"), 100.0),
    )
    .await?;
    let answer = check(&cx, &session, None).await?;
    same(
        "CheckBudgets.status, the worst of its budgets",
        &answer.status.as_str(),
        &"exhausted",
    )
}

async fn bud_05_subjects(cx: Cx) -> Outcome {
    let (agent, at_work, other) = (cx.agent().await?, cx.agent().await?, cx.agent().await?);
    let session = new_session(&cx, &cx.harness().await?, Some(&agent));
    let id = session.id.clone();
    let request = pb::PutSessionRequest {
        context: None,
        session: Some(session),
    };
    cx.call(&PUT_SESSION, request).await?;
    let (other_session, stem) = (cx.session().await?, cx.name("cur"));
    let budgets = [
        (Subject::Session, &id, "session"),
        (Subject::Agent, &agent, "agent"),
        (Subject::Agent, &at_work, "at-work"),
        (Subject::Agent, &other, "other-agent"),
        (Subject::Session, &other_session, "other-session"),
    ];
    for (subject, subject_id, name) in budgets {
        let currency = format!("{stem}-{name}");
        put(&cx, budget(subject, subject_id, &currency, 100.0)).await?;
    }
    let names = |names: &[&str]| -> Vec<String> {
        names.iter().map(|name| format!("{stem}-{name}")).collect()
    };
    same(
        "the budgets of a session with an agent",
        &currencies(&cx, &id, None, &stem).await?,
        &names(&["agent", "session"]),
    )?;
    same(
        "the budgets of the session while another agent is at work",
        &currencies(&cx, &id, Some(&at_work), &stem).await?,
        &names(&["agent", "at-work", "session"]),
    )?;
    same(
        "the budgets of another session, without an agent",
        &currencies(&cx, &other_session, None, &stem).await?,
        &names(&["other-session"]),
    )
}

async fn bud_06_org(cx: Cx) -> Outcome {
    let (other, currency) = (cx.in_other_org()?, cx.name("cur"));
    let (mine, theirs) = (cx.session().await?, other.session().await?);
    let org_id = other.org_public_id();
    put(
        &other,
        budget(Subject::Organization, &org_id, &currency, 100.0),
    )
    .await?;
    same(
        "the budgets of a session of the org that has one",
        &currencies(&other, &theirs, None, &currency).await?,
        &vec![currency.clone()],
    )?;
    same(
        "the budgets of a session of another org",
        &currencies(&cx, &mine, None, &currency).await?,
        &Vec::<String>::new(),
    )
}

async fn bud_07_malformed(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for agent in ["", "agent_1", session.as_str()] {
        refused_as_invalid(&cx, &CHECK_BUDGETS, of(&session, Some(agent))).await?;
    }
    // The session's id is passed on as the host has it.
    for id in NO_SESSION_IDS {
        match cx.attempt(&CHECK_BUDGETS, of(id, None)).await {
            Ok(answer) => same(
                "CheckBudgets.budgets of no session's id",
                &answer.budgets,
                &vec![],
            )?,
            Err(error) => same(
                "the code of CheckBudgets's error",
                &error.code,
                &tonic::Code::InvalidArgument,
            )?,
        }
    }
    Ok(())
}

async fn bud_08_other_org(cx: Cx) -> Outcome {
    let (session, stem) = (cx.session().await?, cx.name("cur"));
    put(&cx, budget(Subject::Session, &session, &stem, 100.0)).await?;
    // Its own org reads first: a cache whose keys lack the org has it from then on.
    check(&cx, &session, None).await?;
    let other = cx.in_other_org()?;
    same(
        "the budgets of a session in another org",
        &currencies(&other, &session, None, &stem).await?,
        &Vec::<String>::new(),
    )
}

async fn bud_09_replaced(cx: Cx) -> Outcome {
    let (session, currency) = (cx.session().await?, cx.name("cur"));
    let (mut budget, other) = (
        budget(Subject::Session, &session, &currency, 0.0),
        cx.over_new_connection(),
    );
    for balance in [10.0, 20.0, 0.5, 100.0] {
        budget.balance = Some(balance);
        put(&cx, budget.clone()).await?;
        let info = only(&other, &session, &currency).await?;
        same(
            "BudgetInfo.balance over another connection",
            &info.balance,
            &Some(balance),
        )?;
    }
    Ok(())
}
