//! Tool calls: claimed before they run, settled after.

use super::{Leased, leased, passed_on};
use crate::check::{Outcome, absent, broken, different, present, same, that};
use crate::context::{Cx, fresh_id, fresh_uuid};
use crate::rules::common::{AWKWARD_JSON, lost_reply, repeated, same_json};
use crate::rules::session_lease::is_fenced;
use futures::future::try_join_all;
use mortise_proto::pb::{self, ToolCallStatus};
use mortise_proto::rpc::table::turn_journal_service::{
    CLAIM_TOOL_CALL, LIST_TOOL_CALLS, SETTLE_TOOL_CALL,
};

pub(super) fn claiming(of: &Leased, tool_call_id: &str) -> pb::ClaimToolCallRequest {
    pb::ClaimToolCallRequest {
        context: None,
        session_id: of.session.clone(),
        turn_id: of.turn.clone(),
        tool_call_id: tool_call_id.into(),
        tool_name: "water_plants".into(),
        args_fingerprint: "sha256:one".into(),
        retake: false,
    }
}

pub(super) async fn claim(of: &Leased, tool_call_id: &str) -> Outcome<pb::ClaimToolCallResponse> {
    of.cx
        .call(&CLAIM_TOOL_CALL, claiming(of, tool_call_id))
        .await
}

fn settling(of: &Leased, tool_call_id: &str, claim_token: &str) -> pb::SettleToolCallRequest {
    pb::SettleToolCallRequest {
        context: None,
        session_id: of.session.clone(),
        turn_id: of.turn.clone(),
        tool_call_id: tool_call_id.into(),
        claim_token: claim_token.into(),
        status: ToolCallStatus::Settled.into(),
        result_json: Some("{\"watered\":true}".into()),
    }
}

async fn settle(of: &Leased, request: pb::SettleToolCallRequest) -> Outcome<bool> {
    Ok(of.cx.call(&SETTLE_TOOL_CALL, request).await?.settled)
}

pub(super) async fn list(
    cx: &Cx,
    of: &Leased,
    tool_call_id: Option<&str>,
) -> Outcome<Vec<pb::JournaledToolCall>> {
    let request = pb::ListToolCallsRequest {
        context: None,
        session_id: of.session.clone(),
        turn_id: of.turn.clone(),
        tool_call_id: tool_call_id.map(Into::into),
    };
    let answers = cx.collect(&LIST_TOOL_CALLS, request).await?;
    Ok(answers
        .into_iter()
        .flat_map(|answer| answer.calls)
        .collect())
}

/// No claim was made; the call as it is stored.
fn not_claimed(answer: pb::ClaimToolCallResponse) -> Outcome<pb::JournaledToolCall> {
    same("ClaimToolCallResponse.claimed", &answer.claimed, &false)?;
    same(
        "ClaimToolCallResponse.claim_token",
        answer.claim_token.as_str(),
        "",
    )?;
    present("ClaimToolCallResponse.call", answer.call)
}

/// The claim was made; its token.
fn made(of: &Leased, answer: pb::ClaimToolCallResponse) -> Outcome<String> {
    same("ClaimToolCallResponse.claimed", &answer.claimed, &true)?;
    let is_uuid = uuid::Uuid::parse_str(&answer.claim_token).is_ok();
    that(
        "ClaimToolCallResponse.claim_token",
        "a UUID",
        is_uuid,
        &answer.claim_token,
    )?;
    let call = present("ClaimToolCallResponse.call", answer.call)?;
    same(
        "JournaledToolCall.status",
        &call.status(),
        &ToolCallStatus::Running,
    )?;
    same("JournaledToolCall.fence", &call.fence, &of.lease.fence)?;
    Ok(answer.claim_token)
}

pub(super) async fn tj_10_claimed_once(cx: Cx) -> Outcome {
    let of = leased(&cx).await?;
    let answer = claim(&of, "call").await?;
    let stored = answer.call.clone();
    made(&of, answer)?;
    let call = not_claimed(claim(&of, "call").await?)?;
    same(
        "the call as a second claim is told it",
        &Some(&call),
        &stored.as_ref(),
    )?;
    same(
        "JournaledToolCall.tool_name",
        call.tool_name.as_str(),
        "water_plants",
    )?;
    present("JournaledToolCall.claimed_at", call.claimed_at)?;
    absent("JournaledToolCall.settled_at", call.settled_at)?;
    absent("JournaledToolCall.result_json", call.result_json)?;
    made(&of, claim(&of, "other call").await?).map(drop)
}

pub(super) async fn tj_11_one_claimer(cx: Cx) -> Outcome {
    let of = leased(&cx).await?;
    let other = of.cx.over_new_connection();
    let claimers = (0..16).map(|index| {
        let caller = [&of.cx, &other][index % 2].clone();
        let request = claiming(&of, "call");
        async move { caller.call(&CLAIM_TOOL_CALL, request).await }
    });
    let answers = try_join_all(claimers).await?;
    let claims = answers.iter().filter(|answer| answer.claimed).count();
    same("how many of 16 claimed the call", &claims, &1)
}

pub(super) async fn tj_12_settled(cx: Cx) -> Outcome {
    let first = leased(&cx).await?;
    for (id, result) in [("awkward", AWKWARD_JSON), ("null", "null")] {
        let token = made(&first, claim(&first, id).await?)?;
        let request = pb::SettleToolCallRequest {
            result_json: Some(result.into()),
            ..settling(&first, id, &token)
        };
        same(
            "SettleToolCall.settled",
            &settle(&first, request).await?,
            &true,
        )?;
    }
    let second = passed_on(&cx, &first).await?;
    for (id, result) in [("awkward", AWKWARD_JSON), ("null", "null")] {
        for of in [&second, &second] {
            let request = pb::ClaimToolCallRequest {
                retake: true,
                ..claiming(of, id)
            };
            let answer = of.cx.call(&CLAIM_TOOL_CALL, request).await?;
            let call = not_claimed(answer)?;
            same(
                "JournaledToolCall.status",
                &call.status(),
                &ToolCallStatus::Settled,
            )?;
            let stored = present("JournaledToolCall.result_json", call.result_json)?;
            same_json("JournaledToolCall.result_json", &stored, result)?;
            present("JournaledToolCall.settled_at", call.settled_at)?;
        }
    }
    Ok(())
}

pub(super) async fn tj_13_interrupted(cx: Cx) -> Outcome {
    let of = leased(&cx).await?;
    for (id, result) in [("with", Some("{\"seen\":1}")), ("without", None)] {
        let token = made(&of, claim(&of, id).await?)?;
        let request = pb::SettleToolCallRequest {
            status: ToolCallStatus::Interrupted.into(),
            result_json: result.map(Into::into),
            ..settling(&of, id, &token)
        };
        same(
            "SettleToolCall.settled",
            &settle(&of, request).await?,
            &true,
        )?;
        let call = not_claimed(claim(&of, id).await?)?;
        same(
            "JournaledToolCall.status",
            &call.status(),
            &ToolCallStatus::Interrupted,
        )?;
        same(
            "whether there is a result",
            &call.result_json.is_some(),
            &result.is_some(),
        )?;
    }
    Ok(())
}

pub(super) async fn tj_14_wrong_token(cx: Cx) -> Outcome {
    let of = leased(&cx).await?;
    let token = made(&of, claim(&of, "call").await?)?;
    let wrong = settling(&of, "call", &fresh_uuid());
    same("SettleToolCall.settled", &settle(&of, wrong).await?, &false)?;
    let unknown = settling(&of, "unknown", &token);
    same(
        "SettleToolCall.settled",
        &settle(&of, unknown).await?,
        &false,
    )?;
    for expected in [true, false] {
        let request = settling(&of, "call", &token);
        same(
            "SettleToolCall.settled",
            &settle(&of, request).await?,
            &expected,
        )?;
    }
    Ok(())
}

pub(super) async fn tj_15_doubt(cx: Cx) -> Outcome {
    let first = leased(&cx).await?;
    made(&first, claim(&first, "call").await?)?;
    let second = passed_on(&cx, &first).await?;
    let call = not_claimed(claim(&second, "call").await?)?;
    same(
        "JournaledToolCall.status",
        &call.status(),
        &ToolCallStatus::Running,
    )?;
    same("JournaledToolCall.fence", &call.fence, &first.lease.fence)?;
    let listed = list(&cx, &second, Some("call")).await?;
    same("ListToolCalls", &listed, &vec![call])
}

pub(super) async fn tj_16_retaken(cx: Cx) -> Outcome {
    let first = leased(&cx).await?;
    let former = made(&first, claim(&first, "call").await?)?;
    let second = passed_on(&cx, &first).await?;
    let request = pb::ClaimToolCallRequest {
        retake: true,
        ..claiming(&second, "call")
    };
    let token = made(&second, second.cx.call(&CLAIM_TOOL_CALL, request).await?)?;
    different(
        "the claim_token of a call that is claimed again",
        &token,
        &former,
    )?;
    let request = settling(&second, "call", &former);
    same(
        "SettleToolCall.settled",
        &settle(&second, request).await?,
        &false,
    )?;
    let request = settling(&second, "call", &token);
    same(
        "SettleToolCall.settled",
        &settle(&second, request).await?,
        &true,
    )
}

pub(super) async fn tj_17_zombie(cx: Cx) -> Outcome {
    let first = leased(&cx).await?;
    let token = made(&first, claim(&first, "call").await?)?;
    let second = passed_on(&cx, &first).await?;
    let request = settling(&first, "call", &token);
    let error = first.cx.refused(&SETTLE_TOOL_CALL, request).await?;
    is_fenced("SettleToolCall", &error, &first.session)?;
    let request = claiming(&first, "late call");
    let error = first.cx.refused(&CLAIM_TOOL_CALL, request).await?;
    is_fenced("ClaimToolCall", &error, &first.session)?;
    let calls = list(&cx, &second, None).await?;
    let states: Vec<_> = calls
        .iter()
        .map(|call| (call.tool_call_id.as_str(), call.status()))
        .collect();
    same(
        "the tool calls",
        &states,
        &vec![("call", ToolCallStatus::Running)],
    )
}

pub(super) async fn tj_18_repeats(cx: Cx) -> Outcome {
    let of = leased(&cx).await?;
    let answer = repeated(&of.cx, &CLAIM_TOOL_CALL, claiming(&of, "call")).await?;
    let token = made(&of, answer)?;
    let answer = repeated(&of.cx, &SETTLE_TOOL_CALL, settling(&of, "call", &token)).await?;
    same("SettleToolCall.settled", &answer.settled, &true)?;
    let answer = lost_reply(&of.cx, &CLAIM_TOOL_CALL, claiming(&of, "lost")).await?;
    let token = made(&of, answer)?;
    let request = settling(&of, "lost", &token);
    same(
        "SettleToolCall.settled after lost replies",
        &settle(&of, request).await?,
        &true,
    )
}

pub(super) async fn tj_19_fingerprints(cx: Cx) -> Outcome {
    let of = leased(&cx).await?;
    let token = made(&of, claim(&of, "call").await?)?;
    settle(&of, settling(&of, "call", &token)).await?;
    let request = pb::ClaimToolCallRequest {
        args_fingerprint: "sha256:other".into(),
        ..claiming(&of, "call")
    };
    let call = not_claimed(of.cx.call(&CLAIM_TOOL_CALL, request).await?)?;
    let stored = call.args_fingerprint.as_str();
    same("JournaledToolCall.args_fingerprint", stored, "sha256:one")
}

pub(super) async fn tj_20_listed(cx: Cx) -> Outcome {
    let of = leased(&cx).await?;
    for id in ["c", "a", "b"] {
        made(&of, claim(&of, id).await?)?;
    }
    let other = Leased {
        turn: fresh_id("turn"),
        ..leased(&cx).await?
    };
    made(&other, claim(&other, "a").await?)?;
    let ids = |calls: Vec<pb::JournaledToolCall>| -> Vec<String> {
        calls.into_iter().map(|call| call.tool_call_id).collect()
    };
    let all = ids(list(&cx, &of, None).await?);
    same("ListToolCalls", &all, &vec!["c", "a", "b"])?;
    same(
        "ListToolCalls of one call",
        &ids(list(&cx, &of, Some("a")).await?),
        &vec!["a"],
    )?;
    let none = list(&cx, &of, Some("z")).await?;
    match none.is_empty() {
        true => Ok(()),
        false => broken(
            "ListToolCalls of an unknown call",
            "none",
            format!("{none:?}"),
        ),
    }
}
