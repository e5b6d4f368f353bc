//! Turns and their records.

use super::{Leased, calls, leased, passed_on};
use crate::check::{Outcome, absent, broken, different, present, same, that};
use crate::context::{Cx, fresh_id};
use crate::rules::common::{not_before, refused_as_invalid, repeated};
use crate::rules::refusals::{NO_SESSION_IDS, refused_with};
use crate::rules::restart::restarted;
use crate::rules::session_lease::{is_fenced, release};
use mortise_proto::pb::{self, ErrorReason};
use mortise_proto::rpc::table::turn_journal_service::{
    CLAIM_TOOL_CALL, GET_TURN, LIST_TURNS, PUT_TURN, REMOVE_TURN,
};

const RECORD_BYTES_MAX: usize = 4 * 1024 * 1024;

fn putting(of: &Leased, record: impl Into<bytes::Bytes>) -> pb::PutTurnRequest {
    pb::PutTurnRequest {
        context: None,
        session_id: of.session.clone(),
        turn_id: of.turn.clone(),
        record: record.into(),
    }
}

fn removing(of: &Leased) -> pb::RemoveTurnRequest {
    pb::RemoveTurnRequest {
        context: None,
        session_id: of.session.clone(),
        turn_id: of.turn.clone(),
    }
}

async fn put(of: &Leased, record: impl Into<bytes::Bytes>) -> Outcome {
    let answer = of.cx.call(&PUT_TURN, putting(of, record)).await;
    answer.map(|pb::PutTurnResponse {}| ())
}

async fn got(cx: &Cx, of: &Leased) -> Outcome<pb::GetTurnResponse> {
    let request = pb::GetTurnRequest {
        context: None,
        session_id: of.session.clone(),
        turn_id: of.turn.clone(),
    };
    cx.call(&GET_TURN, request).await
}

async fn list(cx: &Cx, session: Option<&str>, unleased_only: bool) -> Outcome<Vec<String>> {
    let request = pb::ListTurnsRequest {
        context: None,
        session_id: session.map(Into::into),
        unleased_only,
    };
    let answers = cx.collect(&LIST_TURNS, request).await?;
    let turns = answers.into_iter().flat_map(|answer| answer.turns);
    Ok(turns.map(|turn| turn.turn_id).collect())
}

pub(super) async fn tj_01_round_trip(cx: Cx) -> Outcome {
    let of = leased(&cx).await?;
    absent(
        "GetTurn.turn of a turn that was not stored",
        got(&cx, &of).await?.turn,
    )?;
    let every_byte: Vec<u8> = (0..=255).collect();
    for record in [every_byte, Vec::new(), cx.random_bytes(RECORD_BYTES_MAX)] {
        put(&of, record.clone()).await?;
        let answer = got(&cx.over_new_connection(), &of).await?;
        let turn = present("GetTurn.turn", answer.turn)?;
        same("JournaledTurn.session_id", &turn.session_id, &of.session)?;
        same("JournaledTurn.turn_id", &turn.turn_id, &of.turn)?;
        same("JournaledTurn.fence", &turn.fence, &of.lease.fence)?;
        same(
            "the bytes of the record",
            &answer.record.len(),
            &record.len(),
        )?;
        let is_same = answer.record == record;
        that(
            "GetTurn.record",
            "the bytes that were stored",
            is_same,
            "others",
        )?;
    }
    Ok(())
}

pub(super) async fn tj_02_replaced(cx: Cx) -> Outcome {
    let first = leased(&cx).await?;
    put(&first, "one").await?;
    let before = present("GetTurn.turn", got(&cx, &first).await?.turn)?;
    let second = passed_on(&cx, &first).await?;
    put(&second, "two").await?;
    let answer = got(&cx, &second).await?;
    same("GetTurn.record", answer.record.as_ref(), b"two".as_slice())?;
    let after = present("GetTurn.turn", answer.turn)?;
    same("JournaledTurn.fence", &after.fence, &second.lease.fence)?;
    same(
        "JournaledTurn.created_at",
        &after.created_at,
        &before.created_at,
    )?;
    not_before(
        "JournaledTurn.updated_at",
        after.updated_at.as_ref(),
        before.updated_at.as_ref(),
    )
}

pub(super) async fn tj_03_removed(cx: Cx) -> Outcome {
    let of = leased(&cx).await?;
    put(&of, "one").await?;
    calls::claim(&of, "call").await?;
    for expected in [true, false] {
        let removed = of.cx.call(&REMOVE_TURN, removing(&of)).await?.removed;
        same("RemoveTurn.removed", &removed, &expected)?;
    }
    absent("GetTurn.turn after RemoveTurn", got(&cx, &of).await?.turn)?;
    let calls = calls::list(&cx, &of, None).await?;
    same(
        "how many tool calls of a removed turn there are",
        &calls.len(),
        &0,
    )?;
    same(
        "ListTurns after RemoveTurn",
        &list(&cx, Some(&of.session), false).await?.len(),
        &0,
    )
}

pub(super) async fn tj_04_listed(cx: Cx) -> Outcome {
    let (one, other) = (leased(&cx).await?, leased(&cx).await?);
    let later = Leased {
        cx: one.cx.clone(),
        session: one.session.clone(),
        turn: fresh_id("turn"),
        lease: one.lease.clone(),
    };
    for of in [&one, &other, &later] {
        put(of, "record").await?;
    }
    // Stored again, a turn keeps its place.
    put(&one, "again").await?;
    let own = [one.turn.clone(), other.turn.clone(), later.turn.clone()];
    let of_these = |turns: Vec<String>| -> Vec<String> {
        turns
            .into_iter()
            .filter(|turn| own.contains(turn))
            .collect()
    };
    let in_session = list(&cx, Some(&one.session), false).await?;
    same(
        "ListTurns of a session",
        &in_session,
        &vec![one.turn.clone(), later.turn.clone()],
    )?;
    let in_org = of_these(list(&cx, None, false).await?);
    same("ListTurns of the org", &in_org, &own.to_vec())?;
    let unleased = of_these(list(&cx, None, true).await?);
    same(
        "ListTurns of sessions that are not leased",
        &unleased,
        &Vec::<String>::new(),
    )?;
    release(&cx, &other.lease).await?;
    let unleased = of_these(list(&cx, None, true).await?);
    same(
        "ListTurns of sessions that are not leased",
        &unleased,
        &vec![other.turn.clone()],
    )?;
    let unleased = list(&cx, Some(&one.session), true).await?;
    same(
        "ListTurns of a leased session",
        &unleased,
        &Vec::<String>::new(),
    )
}

pub(super) async fn tj_05_taken_over(cx: Cx) -> Outcome {
    let first = leased(&cx).await?;
    put(&first, "one").await?;
    let second = passed_on(&cx, &first).await?;
    same(
        "GetTurn.record",
        got(&second.cx, &second).await?.record.as_ref(),
        b"one".as_slice(),
    )?;
    put(&second, "two").await?;
    let error = first.cx.refused(&PUT_TURN, putting(&first, "late")).await?;
    is_fenced("PutTurn", &error, &first.session)?;
    let error = first.cx.refused(&REMOVE_TURN, removing(&first)).await?;
    is_fenced("RemoveTurn", &error, &first.session)?;
    let answer = got(&cx, &second).await?;
    same("GetTurn.record", answer.record.as_ref(), b"two".as_slice())?;
    let removed = second.cx.call(&REMOVE_TURN, removing(&second)).await?;
    same("RemoveTurn.removed", &removed.removed, &true)
}

pub(super) async fn tj_06_without_fence(cx: Cx) -> Outcome {
    let (of, other) = (leased(&cx).await?, leased(&cx).await?);
    for caller in [&cx, &cx.in_session(&of.session), &other.cx] {
        refused_as_invalid(caller, &PUT_TURN, putting(&of, "one")).await?;
        refused_as_invalid(caller, &REMOVE_TURN, removing(&of)).await?;
        refused_as_invalid(caller, &CLAIM_TOOL_CALL, calls::claiming(&of, "call")).await?;
    }
    absent("GetTurn.turn", got(&cx, &of).await?.turn)
}

pub(super) async fn tj_07_malformed(cx: Cx) -> Outcome {
    let of = leased(&cx).await?;
    for id in NO_SESSION_IDS {
        let request = pb::PutTurnRequest {
            session_id: id.into(),
            ..putting(&of, "one")
        };
        refused_as_invalid(&of.cx, &PUT_TURN, request).await?;
    }
    for id in ["", "turn_1", of.session.as_str()] {
        let request = pb::PutTurnRequest {
            turn_id: id.into(),
            ..putting(&of, "one")
        };
        refused_as_invalid(&of.cx, &PUT_TURN, request).await?;
    }
    let long = "x".repeat(513);
    for name in ["", "a\0b", long.as_str()] {
        let request = calls::claiming(&of, name);
        refused_as_invalid(&of.cx, &CLAIM_TOOL_CALL, request).await?;
        let request = pb::ClaimToolCallRequest {
            tool_name: name.into(),
            ..calls::claiming(&of, "call")
        };
        refused_as_invalid(&of.cx, &CLAIM_TOOL_CALL, request).await?;
    }
    let request = putting(&of, vec![0; RECORD_BYTES_MAX + 1]);
    let reasons = [ErrorReason::MessageTooLarge];
    refused_with(&of.cx, &PUT_TURN, request, &reasons)
        .await
        .map(drop)
}

pub(super) async fn tj_08_repeats(cx: Cx) -> Outcome {
    let of = leased(&cx).await?;
    let early = of.cx.repeating();
    early.call(&PUT_TURN, putting(&of, "one")).await?;
    put(&of, "two").await?;
    early.call(&PUT_TURN, putting(&of, "one")).await?;
    let record = got(&cx, &of).await?.record;
    same("GetTurn.record", record.as_ref(), b"two".as_slice())?;
    let answer = repeated(&of.cx, &REMOVE_TURN, removing(&of)).await?;
    same("RemoveTurn.removed", &answer.removed, &true)
}

pub(super) async fn tj_09_other_org(cx: Cx) -> Outcome {
    let of = leased(&cx).await?;
    put(&of, "one").await?;
    calls::claim(&of, "call").await?;
    let other = cx.in_other_org()?;
    absent("GetTurn.turn in another org", got(&other, &of).await?.turn)?;
    same(
        "ListTurns in another org",
        &list(&other, Some(&of.session), false).await?.len(),
        &0,
    )?;
    let calls = calls::list(&other, &of, None).await?;
    same("ListToolCalls in another org", &calls.len(), &0)?;
    let intruder = other.fenced(&of.session, of.lease.fence);
    if intruder.attempt(&REMOVE_TURN, removing(&of)).await.is_ok() {
        return broken("RemoveTurn in another org", "FENCED", "success");
    }
    present("GetTurn.turn", got(&cx, &of).await?.turn).map(drop)
}

pub(super) async fn tj_21_survives(cx: Cx) -> Outcome {
    let of = leased(&cx).await?;
    put(&of, "kept").await?;
    let claimed = calls::claim(&of, "call").await?;
    different(
        "ClaimToolCallResponse.claim_token",
        &claimed.claim_token,
        &String::new(),
    )?;
    let cx = restarted(&cx).await?;
    let answer = got(&cx, &of).await?;
    present("GetTurn.turn after a restart", answer.turn)?;
    same(
        "GetTurn.record after a restart",
        answer.record.as_ref(),
        b"kept".as_slice(),
    )?;
    let calls = calls::list(&cx, &of, None).await?;
    same(
        "how many tool calls there are after a restart",
        &calls.len(),
        &1,
    )
}
