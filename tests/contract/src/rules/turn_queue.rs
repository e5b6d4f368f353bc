//! The turns that the storage itself asks for. A rule asks for one by a message through the
//! platform store, and passes over the requests of others.

use super::common::{lost_reply, refused_as_invalid, repeated};
use super::refusals::NO_SESSION_IDS;
use crate::check::{Outcome, broken, present, same, that};
use crate::context::{Cx, fresh_id};
use crate::fixtures::is_id;
use crate::rule::{Group, Need, Rule};
use futures::future::try_join_all;
use mortise_proto::pb;
use mortise_proto::rpc::table::platform_store_service::{self as platform, SEND_MESSAGE};
use mortise_proto::rpc::table::turn_queue_service::{
    FOLLOW_TURN_REQUESTS, NAME, TAKE_TURN_REQUEST,
};
use tonic::Streaming;

pub(crate) fn rules() -> Vec<Rule> {
    Group::of(NAME)
        .hard("TURN-01", "A sent message requests a turn; followers that follow already and followers that come later get the request.", "turn_queue.proto", turn_01_followed).with(&[platform::NAME])
        .hard("TURN-02", "A turn request can be taken once and is then gone.", "turn_queue.proto", turn_02_taken_once).with(&[platform::NAME])
        .hard("TURN-03", "Of 16 that take one at the same time exactly one gets it.", "turn_queue.proto, TakeTurnRequest", turn_03_one_taker).with(&[platform::NAME]).full()
        .hard("TURN-04", "Taking that is sent again under its request_id is answered as the first time, also after lost replies.", "context.proto, request_id", turn_04_repeats).with(&[platform::NAME]).full()
        .hard("TURN-05", "Waiting requests are sent oldest first.", "turn_queue.proto, FollowTurnRequests", turn_05_oldest_first).with(&[platform::NAME])
        .hard("TURN-06", "Taking a request that does not exist returns false.", "turn_queue.proto, TakeTurnRequestResponse", turn_06_unknown)
        .hard("TURN-07", "A malformed session or message id is refused as INVALID_FIELD.", "ID:85-121", turn_07_malformed)
        .hard("TURN-08", "Another org gets no request of this org and cannot take one.", "context.proto", turn_08_other_org).with(&[platform::NAME]).needs(&[Need::OtherOrg])
        .list()
}

type Follower = Streaming<pb::FollowTurnRequestsResponse>;

fn take(session_id: &str, input_message_id: &str) -> pb::TakeTurnRequestRequest {
    pb::TakeTurnRequestRequest {
        context: None,
        session_id: session_id.into(),
        input_message_id: input_message_id.into(),
    }
}

async fn taken(cx: &Cx, request: &pb::TurnRequest) -> Outcome<bool> {
    let request = take(&request.session_id, &request.input_message_id);
    Ok(cx.call(&TAKE_TURN_REQUEST, request).await?.taken)
}

/// Sends a message in a session of its own; the session.
async fn asked(cx: &Cx) -> Outcome<String> {
    let session = cx.known_session().await?;
    let request = pb::SendMessageRequest {
        context: None,
        session_id: session.clone(),
        content: "Water the plants".into(),
    };
    cx.in_session(&session).call(&SEND_MESSAGE, request).await?;
    Ok(session)
}

async fn follow(cx: &Cx) -> Outcome<Follower> {
    let request = pb::FollowTurnRequestsRequest { context: None };
    cx.open(&FOLLOW_TURN_REQUESTS, request).await
}

/// The first request that a follower is told of for one of these sessions.
async fn next_of(cx: &Cx, follower: &mut Follower, sessions: &[&str]) -> Outcome<pb::TurnRequest> {
    loop {
        let answer = cx.next(&FOLLOW_TURN_REQUESTS, follower).await?;
        let Some(answer) = answer else {
            return broken("the stream of FollowTurnRequests", "to go on", "its end");
        };
        let request = answer.turn_request;
        let request = present("FollowTurnRequestsResponse.turn_request", request)?;
        if sessions.contains(&request.session_id.as_str()) {
            return Ok(request);
        }
    }
}

/// Asks for a turn; the request, as a new follower is told of it.
async fn waiting(cx: &Cx) -> Outcome<pb::TurnRequest> {
    let session = asked(cx).await?;
    let mut follower = follow(cx).await?;
    next_of(cx, &mut follower, &[&session]).await
}

/// A new follower is told of a later request and not of this one.
async fn gone(cx: &Cx, request: &pb::TurnRequest) -> Outcome {
    let marker = asked(cx).await?;
    let mut follower = follow(cx).await?;
    let sessions = [request.session_id.as_str(), &marker];
    let next = next_of(cx, &mut follower, &sessions).await?;
    same(
        "the session of the request that still waits",
        &next.session_id,
        &marker,
    )?;
    taken(cx, &next).await.map(drop)
}

async fn turn_01_followed(cx: Cx) -> Outcome {
    let mut before = follow(&cx).await?;
    let session = asked(&cx).await?;
    let request = next_of(&cx, &mut before, &[&session]).await?;
    let expected = "`message_` and 32 hex digits";
    let id = &request.input_message_id;
    that(
        "TurnRequest.input_message_id",
        expected,
        is_id(id, "message"),
        id,
    )?;
    that(
        "TurnRequest.sequence",
        "above 0",
        request.sequence > 0,
        &request.sequence,
    )?;
    present("TurnRequest.requested_at", request.requested_at)?;
    let mut after = follow(&cx.over_new_connection()).await?;
    let again = next_of(&cx, &mut after, &[&session]).await?;
    same(
        "the request that a later follower is told of",
        &again,
        &request,
    )?;
    taken(&cx, &request).await.map(drop)
}

async fn turn_02_taken_once(cx: Cx) -> Outcome {
    let request = waiting(&cx).await?;
    for expected in [true, false] {
        same(
            "TakeTurnRequest.taken",
            &taken(&cx, &request).await?,
            &expected,
        )?;
    }
    gone(&cx, &request).await
}

async fn turn_03_one_taker(cx: Cx) -> Outcome {
    let request = waiting(&cx).await?;
    let other = cx.over_new_connection();
    let takers = (0..16).map(|index| taken([&cx, &other][index % 2], &request));
    let answers = try_join_all(takers).await?;
    let winners = answers.iter().filter(|taken| **taken).count();
    same("how many of 16 took the request", &winners, &1)
}

async fn turn_04_repeats(cx: Cx) -> Outcome {
    let request = waiting(&cx).await?;
    let sent = take(&request.session_id, &request.input_message_id);
    let answer = repeated(&cx, &TAKE_TURN_REQUEST, sent).await?;
    same("TakeTurnRequest.taken", &answer.taken, &true)?;
    let request = waiting(&cx).await?;
    let sent = take(&request.session_id, &request.input_message_id);
    let answer = lost_reply(&cx, &TAKE_TURN_REQUEST, sent).await?;
    same(
        "TakeTurnRequest.taken after lost replies",
        &answer.taken,
        &true,
    )
}

async fn turn_05_oldest_first(cx: Cx) -> Outcome {
    let mut sessions = Vec::new();
    for _ in 0..3 {
        sessions.push(asked(&cx).await?);
    }
    let mut follower = follow(&cx).await?;
    let known: Vec<_> = sessions.iter().map(String::as_str).collect();
    for session in &sessions {
        let request = next_of(&cx, &mut follower, &known).await?;
        same(
            "the session of the next request that waits",
            &request.session_id,
            session,
        )?;
        taken(&cx, &request).await?;
    }
    Ok(())
}

async fn turn_06_unknown(cx: Cx) -> Outcome {
    let request = take(&cx.session().await?, &fresh_id("message"));
    let answer = cx.call(&TAKE_TURN_REQUEST, request).await?;
    same("TakeTurnRequest.taken", &answer.taken, &false)
}

async fn turn_07_malformed(cx: Cx) -> Outcome {
    let message = fresh_id("message");
    for id in NO_SESSION_IDS {
        refused_as_invalid(&cx, &TAKE_TURN_REQUEST, take(id, &message)).await?;
    }
    let session = fresh_id("session");
    for id in ["", "message_1", session.as_str()] {
        refused_as_invalid(&cx, &TAKE_TURN_REQUEST, take(&session, id)).await?;
    }
    Ok(())
}

async fn turn_08_other_org(cx: Cx) -> Outcome {
    let (request, other) = (waiting(&cx).await?, cx.in_other_org()?);
    let sent = take(&request.session_id, &request.input_message_id);
    // Refusing and finding nothing are both right.
    if let Ok(answer) = other.attempt(&TAKE_TURN_REQUEST, sent).await {
        same(
            "TakeTurnRequest.taken in another org",
            &answer.taken,
            &false,
        )?;
    }
    gone(&other, &request).await?;
    same(
        "TakeTurnRequest.taken in its own org",
        &taken(&cx, &request).await?,
        &true,
    )
}
