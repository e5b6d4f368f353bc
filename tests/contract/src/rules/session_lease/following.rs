//! What those are told who wait for a session.

use super::{LONG, SHORT, acquire, follow, release, told};
use crate::check::{Outcome, same};
use crate::context::Cx;

pub(super) async fn lse_13_one_session(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let mut follower = follow(&cx.over_new_connection(), Some(&session)).await?;
    let first = told(&cx, &mut follower, &session).await?;
    same(
        "what is told first of a session without a lease",
        &first,
        &None,
    )?;
    let lease = acquire(&cx, &session, "one", LONG).await?;
    let granted = told(&cx, &mut follower, &session).await?;
    same(
        "the fence that is told after a grant",
        &granted,
        &Some(lease.fence),
    )?;
    let mut late = follow(&cx, Some(&session)).await?;
    let first = told(&cx, &mut late, &session).await?;
    same(
        "what a later follower is told first",
        &first,
        &Some(lease.fence),
    )?;
    release(&cx, &lease).await?;
    for follower in [&mut follower, &mut late] {
        let ended = told(&cx, follower, &session).await?;
        same("what is told after a release", &ended, &None)?;
    }
    let next = acquire(&cx, &session, "two", LONG).await?;
    let granted = told(&cx, &mut follower, &session).await?;
    same(
        "the fence that is told after the next grant",
        &granted,
        &Some(next.fence),
    )
}

pub(super) async fn lse_14_expiry(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let mut follower = follow(&cx, Some(&session)).await?;
    told(&cx, &mut follower, &session).await?;
    let lease = acquire(&cx, &session, "one", SHORT).await?;
    let granted = told(&cx, &mut follower, &session).await?;
    same(
        "the fence that is told after a grant",
        &granted,
        &Some(lease.fence),
    )?;
    let ended = told(&cx, &mut follower, &session).await?;
    same("what is told after a lease has expired", &ended, &None)?;
    any_expiry(&cx).await
}

/// The same without naming a session.
async fn any_expiry(cx: &Cx) -> Outcome {
    let session = cx.session().await?;
    let mut follower = follow(cx, None).await?;
    let lease = acquire(cx, &session, "one", SHORT).await?;
    let granted = told(cx, &mut follower, &session).await?;
    same(
        "the fence that is told of any session",
        &granted,
        &Some(lease.fence),
    )?;
    let ended = told(cx, &mut follower, &session).await?;
    same(
        "what is told of any session after its lease has expired",
        &ended,
        &None,
    )
}

pub(super) async fn lse_15_all_sessions(cx: Cx) -> Outcome {
    let (one, other) = (cx.session().await?, cx.session().await?);
    let before = acquire(&cx, &one, "one", LONG).await?;
    let mut follower = follow(&cx.over_new_connection(), None).await?;
    let first = told(&cx, &mut follower, &one).await?;
    same(
        "the fence of a lease that runs already",
        &first,
        &Some(before.fence),
    )?;
    let after = acquire(&cx, &other, "two", LONG).await?;
    let granted = told(&cx, &mut follower, &other).await?;
    same("the fence of a later lease", &granted, &Some(after.fence))?;
    release(&cx, &before).await?;
    let ended = told(&cx, &mut follower, &one).await?;
    same("what is told after a release", &ended, &None)
}
