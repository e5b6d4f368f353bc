//! One caller after the other: who gets a lease, and for how long.

use super::{
    ACQUIRE_LEASE, LONG, RELEASE_LEASE, RENEW_LEASE, SHORT, acquire, acquire_when_free, acquiring,
    lost, release, releasing, renewing,
};
use crate::check::{Outcome, present, same, that};
use crate::context::{Cx, fresh_id};
use crate::rules::common::refused_as_invalid;
use crate::rules::refusals::{NO_SESSION_IDS, refused_with};
use crate::seed::NO_SESSION;
use mortise_proto::pb::{self, ErrorReason};
use mortise_proto::rpc::table::platform_store_service::DELETE_SESSION;
use std::time::Duration;
use tokio::time::Instant;

pub(super) async fn lse_01_granted(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let lease = acquire(&cx, &session, "one", LONG).await?;
    that(
        "SessionLease.fence",
        "above 0",
        lease.fence > 0,
        &lease.fence,
    )?;
    let expected = pb::SessionLease {
        session_id: session,
        fence: lease.fence,
        holder: "one".into(),
        address: "https://one.example.com:7451".into(),
        time_left_ms: LONG,
    };
    same("AcquireLeaseResponse.lease", &lease, &expected)
}

pub(super) async fn lse_02_held(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    acquire(&cx, &session, "one", LONG).await?;
    let error = super::held(&cx.over_new_connection(), &session, "two").await?;
    let metadata = |key: &str| error.metadata.get(key).map(String::as_str);
    same(
        "metadata `id` of HELD",
        &metadata("id"),
        &Some(session.as_str()),
    )?;
    same(
        "metadata `holder` of HELD",
        &metadata("holder"),
        &Some("one"),
    )?;
    let address = Some("https://one.example.com:7451");
    same("metadata `address` of HELD", &metadata("address"), &address)?;
    let left = present("metadata `time_left_ms` of HELD", metadata("time_left_ms"))?;
    let is_left = left
        .parse()
        .is_ok_and(|millis: u64| millis > 0 && millis <= LONG);
    that(
        "metadata `time_left_ms` of HELD",
        "1 to 600000",
        is_left,
        left,
    )?;
    that(
        "HELD",
        "to come without RetryInfo",
        error.retry_after.is_none(),
        &error.retry_after,
    )
}

pub(super) async fn lse_03_rising(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let mut last = 0;
    for round in 0..8 {
        let holder = ["one", "two"][round % 2];
        let lease = acquire(&cx, &session, holder, LONG).await?;
        let expected = format!("above {last}");
        that(
            "SessionLease.fence",
            &expected,
            lease.fence > last,
            &lease.fence,
        )?;
        last = lease.fence;
        release(&cx, &lease).await?;
    }
    Ok(())
}

pub(super) async fn lse_05_same_holder(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let first = acquire(&cx, &session, "one", LONG).await?;
    let second = acquire(&cx, &session, "one", LONG).await?;
    let expected = format!("above {}", first.fence);
    that(
        "the fence of a lease that its holder acquires again",
        &expected,
        second.fence > first.fence,
        &second.fence,
    )?;
    lost(&cx, &first).await?;
    super::held(&cx, &session, "two").await.map(drop)
}

pub(super) async fn lse_06_expires(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let asked = Instant::now();
    let lease = acquire(&cx, &session, "one", SHORT).await?;
    let next = acquire_when_free(&cx, &session, "two").await?;
    let ran = asked.elapsed();
    that(
        "how long a lease of 1,000 ms ran",
        "1,000 ms at least",
        ran >= Duration::from_millis(SHORT),
        &ran,
    )?;
    let expected = format!("above {}", lease.fence);
    that(
        "the next fence",
        &expected,
        next.fence > lease.fence,
        &next.fence,
    )?;
    lost(&cx, &lease).await
}

pub(super) async fn lse_07_renewed(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let lease = acquire(&cx, &session, "one", SHORT).await?;
    let request = renewing(&lease, LONG);
    let left = cx.call(&RENEW_LEASE, request).await?.time_left_ms;
    that(
        "RenewLeaseResponse.time_left_ms",
        "600000 at least",
        left >= LONG,
        &left,
    )?;
    // A shorter renewal does not shorten it.
    let left = cx.call(&RENEW_LEASE, renewing(&lease, SHORT)).await?;
    let left = left.time_left_ms;
    let is_long = left > LONG - 60_000;
    that(
        "time_left_ms after a shorter renewal",
        "about 600000",
        is_long,
        &left,
    )?;
    let error = super::held(&cx, &session, "two").await?;
    let left = error.metadata.get("time_left_ms");
    let left: u64 = left.and_then(|millis| millis.parse().ok()).unwrap_or(0);
    that(
        "time_left_ms after a renewal",
        "above 1000",
        left > SHORT,
        &left,
    )
}

pub(super) async fn lse_08_not_renewed(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let first = acquire(&cx, &session, "one", LONG).await?;
    release(&cx, &first).await?;
    lost(&cx, &first).await?;
    let second = acquire(&cx, &session, "two", LONG).await?;
    lost(&cx, &first).await?;
    let invented = pb::SessionLease {
        fence: second.fence + 1,
        ..second.clone()
    };
    lost(&cx, &invented).await?;
    let unleased = pb::SessionLease {
        session_id: cx.session().await?,
        ..second.clone()
    };
    lost(&cx, &unleased).await?;
    let answer = cx.call(&RENEW_LEASE, renewing(&second, LONG)).await;
    answer.map(drop)
}

pub(super) async fn lse_09_released(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let first = acquire(&cx, &session, "one", LONG).await?;
    release(&cx, &first).await?;
    let second = acquire(&cx, &session, "two", LONG).await?;
    // By one that has lost it, by one that never had it, and for a session without a lease.
    let invented = pb::SessionLease {
        fence: second.fence + 1,
        ..second.clone()
    };
    let unleased = pb::SessionLease {
        session_id: cx.session().await?,
        ..second.clone()
    };
    for other in [&first, &invented, &unleased] {
        release(&cx, other).await?;
        super::held(&cx, &session, "three").await?;
    }
    for _ in 0..2 {
        release(&cx, &second).await?;
    }
    acquire(&cx, &session, "three", LONG).await.map(drop)
}

pub(super) async fn lse_11_malformed(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    for id in NO_SESSION_IDS {
        refused_as_invalid(&cx, &ACQUIRE_LEASE, acquiring(id, "one", LONG)).await?;
    }
    let long = "x".repeat(257);
    for holder in ["", "a\0b", long.as_str()] {
        refused_as_invalid(&cx, &ACQUIRE_LEASE, acquiring(&session, holder, LONG)).await?;
    }
    for ttl_ms in [0, SHORT - 1, LONG + 1, u64::MAX] {
        refused_as_invalid(&cx, &ACQUIRE_LEASE, acquiring(&session, "one", ttl_ms)).await?;
    }
    let mut request = acquiring(&session, "one", LONG);
    for address in ["x".repeat(2049), "a\0b".into()] {
        request.address = address;
        refused_as_invalid(&cx, &ACQUIRE_LEASE, request.clone()).await?;
    }
    let lease = acquire(&cx, &session, &"x".repeat(256), LONG).await?;
    for ttl_ms in [0, SHORT - 1, LONG + 1] {
        refused_as_invalid(&cx, &RENEW_LEASE, renewing(&lease, ttl_ms)).await?;
    }
    let without = pb::SessionLease { fence: 0, ..lease };
    refused_as_invalid(&cx, &RENEW_LEASE, renewing(&without, LONG)).await?;
    refused_as_invalid(&cx, &RELEASE_LEASE, releasing(&without)).await
}

pub(super) async fn lse_12_apart(cx: Cx) -> Outcome {
    let (one, other) = (cx.session().await?, cx.session().await?);
    let first = acquire(&cx, &one, "one", LONG).await?;
    let second = acquire(&cx, &other, "two", LONG).await?;
    release(&cx, &first).await?;
    cx.call(&RENEW_LEASE, renewing(&second, LONG)).await?;
    acquire(&cx, &one, "two", LONG).await.map(drop)
}

pub(super) async fn lse_17_unknown(cx: Cx) -> Outcome {
    let request = acquiring(&fresh_id("session"), "one", LONG);
    let reasons = [ErrorReason::SessionNotFound];
    refused_with(&cx, &ACQUIRE_LEASE, request, &reasons)
        .await
        .map(drop)
}

pub(super) async fn lse_18_deleted(cx: Cx) -> Outcome {
    let session = cx.known_session().await?;
    let request = pb::DeleteSessionRequest {
        context: None,
        session_id: session.clone(),
    };
    cx.in_session(NO_SESSION)
        .call(&DELETE_SESSION, request)
        .await?;
    let reasons = [ErrorReason::SessionArchived];
    let request = acquiring(&session, "one", LONG);
    refused_with(&cx, &ACQUIRE_LEASE, request, &reasons)
        .await
        .map(drop)
}
