//! How many calls of outside tools an org may make. A limit is the whole org's, so the rules
//! that put one run one after the other and take it away again.

use super::common::refused_as_invalid;
use crate::check::{Outcome, same, skipped, that};
use crate::context::Cx;
use crate::rule::{Group, Need, Rule};
use futures::future::try_join_all;
use mortise_proto::pb;
use mortise_proto::rpc::table::outbound_tool_rate_limiter_service::{CHECK_ORG, NAME};
use mortise_proto::rpc::table::test_seed_service::{self as seed, PUT_RATE_LIMIT};
use std::future::Future;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Whose turn it is to change the limit.
static TURN: Semaphore = Semaphore::const_new(1);

/// Within it `CALLS` are allowed.
const WINDOW_SECONDS: u32 = 2;
const CALLS: u32 = 3;

pub(crate) fn rules() -> Vec<Rule> {
    Group::of(NAME)
        .hard(
            "RATE-01",
            "An org without a limit may make every call, 32 at once.",
            "T:874",
            rate_01_unlimited,
        )
        .hard(
            "RATE-02",
            "Calls beyond the limit are refused, and allowed again after the window.",
            "T:867",
            rate_02_limited,
        )
        .needs(&[Need::Seed])
        .full()
        .hard(
            "RATE-04",
            "Two orgs do not share a counter.",
            "H:1009-1013",
            rate_04_two_orgs,
        )
        .needs(&[Need::Seed, Need::OtherOrg])
        .full()
        .soft(
            "RATE-05",
            "Of 32 calls at the same time no more are allowed than two windows hold.",
            "tool_scheduler.rs:42",
            rate_05_concurrent,
        )
        .needs(&[Need::Seed])
        .full()
        .hard(
            "RATE-06",
            "A malformed org id is refused as INVALID_FIELD.",
            "ID:85-121",
            rate_06_malformed,
        )
        .list()
}

async fn allowed(cx: &Cx) -> Outcome<bool> {
    let request = pb::CheckOrgRequest {
        context: None,
        org_id: cx.org_public_id(),
    };
    Ok(cx.call(&CHECK_ORG, request).await?.allowed)
}

async fn limit(cx: &Cx, max_calls: u32) -> Outcome {
    let request = pb::PutRateLimitRequest {
        context: None,
        max_calls,
        window_seconds: WINDOW_SECONDS,
    };
    cx.call(&PUT_RATE_LIMIT, request).await.map(drop)
}

/// Runs a rule under a limit of its own, and takes the limit away.
async fn under_limit<F: Future<Output = Outcome>>(cx: &Cx, rule: F) -> Outcome {
    let Ok(_turn) = TURN.acquire().await else {
        return skipped("the rules of this family were stopped");
    };
    limit(cx, CALLS).await?;
    a_window().await;
    let outcome = rule.await;
    limit(cx, 0).await?;
    outcome
}

/// Waits until what was called has left the window.
async fn a_window() {
    tokio::time::sleep(Duration::from_millis(
        u64::from(WINDOW_SECONDS) * 1_000 + 200,
    ))
    .await;
}

/// As many quick calls as cannot all be allowed, even where a window ends among them.
async fn spend(cx: &Cx) -> Outcome<Vec<bool>> {
    let mut answers = Vec::new();
    for _ in 0..=2 * CALLS {
        answers.push(allowed(cx).await?);
    }
    Ok(answers)
}

async fn rate_01_unlimited(cx: Cx) -> Outcome {
    let Ok(_turn) = TURN.acquire().await else {
        return skipped("the rules of this family were stopped");
    };
    if cx.offers(seed::NAME) {
        limit(&cx, 0).await?;
    }
    for round in 0..4 {
        let answers = try_join_all((0..32).map(|_| allowed(&cx))).await?;
        let refused = answers.iter().filter(|allowed| !**allowed).count();
        same(
            &format!("calls of 32 that were refused, round {round}"),
            &refused,
            &0,
        )?;
    }
    Ok(())
}

async fn rate_02_limited(cx: Cx) -> Outcome {
    under_limit(&cx, async {
        let answers = spend(&cx).await?;
        same(
            "the first three calls under a limit of three",
            &answers[..3],
            &[true; 3],
        )?;
        let is_limited = answers.contains(&false);
        that(
            "seven quick calls under a limit of three",
            "some refused",
            is_limited,
            &answers,
        )?;
        a_window().await;
        same("a call after the window", &allowed(&cx).await?, &true)
    })
    .await
}

async fn rate_04_two_orgs(cx: Cx) -> Outcome {
    let other = cx.in_other_org()?;
    under_limit(&cx, async {
        limit(&other, 0).await?;
        spend(&cx).await?;
        for _ in 0..4 {
            same(
                "a call of another org, which has no limit",
                &allowed(&other).await?,
                &true,
            )?;
        }
        // Each has its own counter where both have a limit.
        limit(&other, CALLS).await?;
        spend(&cx).await?;
        let answer = allowed(&other).await;
        limit(&other, 0).await?;
        same(
            "the first call of another org under a limit of its own",
            &answer?,
            &true,
        )
    })
    .await
}

async fn rate_05_concurrent(cx: Cx) -> Outcome {
    under_limit(&cx, async {
        let answers = try_join_all((0..32).map(|_| allowed(&cx))).await?;
        let allowed = answers.iter().filter(|allowed| **allowed).count();
        let is_right = (3..=6).contains(&allowed);
        that(
            "calls of 32 at once that were allowed",
            "3, or 6 where a window ends",
            is_right,
            &allowed,
        )
    })
    .await
}

async fn rate_06_malformed(cx: Cx) -> Outcome {
    for id in ["", "1", "org_1", "org_0000000000000000000000000000000A"] {
        let request = pb::CheckOrgRequest {
            context: None,
            org_id: id.into(),
        };
        refused_as_invalid(&cx, &CHECK_ORG, request).await?;
    }
    Ok(())
}
