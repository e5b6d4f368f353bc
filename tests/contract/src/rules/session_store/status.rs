//! What a session is doing.

use super::{STATUSES, get, moving, set};
use crate::check::{Outcome, present, same};
use crate::context::{Cx, fresh_id};
use crate::rule::{Group, Need, Rule};
use crate::rules::common::{moved_on, refused_as_invalid, refused_saying};
use mortise_proto::pb;
use mortise_proto::pb::SessionStatus as Status;
use mortise_proto::rpc::table::platform_store_service::{self as platform, GET_SESSION_BY_ID};
use mortise_proto::rpc::table::runtime_host_service::{self as host, SET_SESSION_STATUS};
use mortise_proto::rpc::table::session_store_service::NAME;

pub(super) fn rules() -> Vec<Rule> {
    Group::of(NAME)
        .hard(
            "SES-07",
            "Setting a status is answered with the session in it.",
            "H:69-74",
            ses_07_moved,
        )
        .with(&[host::NAME])
        .needs(&[Need::Session])
        .hard(
            "SES-08",
            "A status is seen through SessionStore, and through PlatformStore where it is offered.",
            "runtime_host_test",
            ses_08_status_seen,
        )
        .with(&[host::NAME])
        .needs(&[Need::Session])
        .hard(
            "SES-10",
            "A status for a session that does not exist fails with `not found`.",
            "R:795-798",
            ses_10_no_session_to_move,
        )
        .with(&[host::NAME])
        .hard(
            "SES-11",
            "Setting the status a session has succeeds.",
            "H:493, H:535",
            ses_11_same_status,
        )
        .with(&[host::NAME])
        .needs(&[Need::Session])
        .hard(
            "SES-21",
            "started_at is set with the first ACTIVE and stays; created_at never changes.",
            "runtime_host.proto, SetSessionStatus",
            ses_21_started,
        )
        .with(&[host::NAME])
        .needs(&[Need::Session])
        .hard(
            "SES-22",
            "An unspecified or unknown status is refused as INVALID_FIELD.",
            "session_store.proto, SessionStatus",
            ses_22_no_status,
        )
        .with(&[host::NAME])
        .needs(&[Need::Session])
        .list()
}

async fn ses_07_moved(cx: Cx) -> Outcome {
    let session = cx.known_session().await?;
    let mut before = get(&cx, &session).await?;
    for status in [Status::Active, Status::WaitingForToolResults, Status::Idle] {
        let after = set(&cx, &session, status).await?;
        same("session.id", &after.id, &session)?;
        same("session.status", &after.status(), &status)?;
        moved_on(
            "session.updated_at",
            after.updated_at.as_ref(),
            before.updated_at.as_ref(),
        )?;
        before = after;
    }
    Ok(())
}

async fn ses_08_status_seen(cx: Cx) -> Outcome {
    let session = cx.known_session().await?;
    for status in STATUSES {
        set(&cx, &session, status).await?;
        same(
            "GetSession.session.status",
            &get(&cx, &session).await?.status(),
            &status,
        )?;
        if cx.offers(platform::NAME) {
            let request = pb::GetSessionByIdRequest {
                context: None,
                session_id: session.clone(),
            };
            let answer = cx
                .in_session(&session)
                .call(&GET_SESSION_BY_ID, request)
                .await?;
            let found = present("GetSessionById.session", answer.session)?;
            same("GetSessionById.session.status", &found.status(), &status)?;
        }
    }
    Ok(())
}

async fn ses_10_no_session_to_move(cx: Cx) -> Outcome {
    let request = moving(&fresh_id("session"), Status::Active);
    refused_saying(&cx, &SET_SESSION_STATUS, request, "not found").await
}

async fn ses_11_same_status(cx: Cx) -> Outcome {
    let session = cx.known_session().await?;
    for _ in 0..2 {
        same(
            "session.status",
            &set(&cx, &session, Status::Active).await?.status(),
            &Status::Active,
        )?;
    }
    Ok(())
}

async fn ses_21_started(cx: Cx) -> Outcome {
    let session = cx.known_session().await?;
    let created_at = get(&cx, &session).await?.created_at;
    let first = set(&cx, &session, Status::Active).await?;
    present(
        "session.started_at after the first ACTIVE",
        first.started_at.as_ref(),
    )?;
    set(&cx, &session, Status::Idle).await?;
    let second = set(&cx, &session, Status::Active).await?;
    same(
        "session.started_at after the second ACTIVE",
        &second.started_at,
        &first.started_at,
    )?;
    same("session.created_at", &second.created_at, &created_at)
}

async fn ses_22_no_status(cx: Cx) -> Outcome {
    let session = cx.known_session().await?;
    let before = get(&cx, &session).await?;
    for status in [0, 99, -1] {
        let request = pb::SetSessionStatusRequest {
            status,
            ..moving(&session, Status::Idle)
        };
        refused_as_invalid(&cx, &SET_SESSION_STATUS, request).await?;
    }
    same(
        "the session afterwards",
        &get(&cx, &session).await?,
        &before,
    )
}
