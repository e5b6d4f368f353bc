//! Many callers, lost replies, and other orgs.

use super::{
    ACQUIRE_LEASE, LONG, RELEASE_LEASE, RENEW_LEASE, acquire, acquiring, follow, held, lost,
    release, releasing, renewing, told,
};
use crate::check::{Outcome, present, same};
use crate::context::Cx;
use crate::rules::common::{lost_reply, repeated};
use crate::rules::refusals::has_reason;
use futures::future::join_all;
use mortise_proto::pb::ErrorReason;

pub(super) async fn lse_04_one_holder(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let other = cx.over_new_connection();
    for _ in 0..4 {
        let callers = (0..16).map(|index| {
            let caller = [&cx, &other][index % 2].clone();
            let request = acquiring(&session, &format!("holder-{index}"), LONG);
            async move { caller.attempt(&ACQUIRE_LEASE, request).await }
        });
        let mut granted = Vec::new();
        for answer in join_all(callers).await {
            match answer {
                Ok(answer) => granted.push(present("AcquireLeaseResponse.lease", answer.lease)?),
                Err(error) => has_reason("AcquireLease", &error, &[ErrorReason::Held])?,
            }
        }
        same("how many of 16 got the lease", &granted.len(), &1)?;
        for lease in &granted {
            release(&cx, lease).await?;
        }
    }
    Ok(())
}

pub(super) async fn lse_10_repeats(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let request = acquiring(&session, "one", LONG);
    let answer = repeated(&cx, &ACQUIRE_LEASE, request).await?;
    let lease = present("AcquireLeaseResponse.lease", answer.lease)?;
    cx.call(&RENEW_LEASE, renewing(&lease, LONG)).await?;
    release(&cx, &lease).await?;
    let request = acquiring(&session, "two", LONG);
    let answer = lost_reply(&cx, &ACQUIRE_LEASE, request).await?;
    let lease = present("AcquireLeaseResponse.lease", answer.lease)?;
    // Granted twice, the answer that was lost would have been the valid one.
    cx.call(&RENEW_LEASE, renewing(&lease, LONG)).await?;
    held(&cx, &session, "three").await.map(drop)
}

pub(super) async fn lse_16_other_org(cx: Cx) -> Outcome {
    let (session, other) = (cx.session().await?, cx.in_other_org()?);
    // Refusing and leasing a session of the other org's own are both right.
    let request = acquiring(&session, "two", LONG);
    drop(other.attempt(&ACQUIRE_LEASE, request).await);
    let lease = acquire(&cx, &session, "one", LONG).await?;
    lost(&other, &lease).await?;
    // Refusing and doing nothing are both right.
    drop(other.attempt(&RELEASE_LEASE, releasing(&lease)).await);
    let request = acquiring(&session, "two", LONG);
    drop(other.attempt(&ACQUIRE_LEASE, request).await);
    cx.call(&RENEW_LEASE, renewing(&lease, LONG)).await?;
    held(&cx, &session, "three").await?;
    let mut follower = follow(&other, Some(&session)).await?;
    let first = told(&other, &mut follower, &session).await?;
    let is_ours = first == Some(lease.fence);
    same("whether another org is told of the lease", &is_ours, &false)
}
