//! Faults of the turn journal.

use super::fault::{Fault, answer, ask, end, forgets, leaks, pretends};
use mortise_proto::pb::{self, ToolCallStatus};
use mortise_proto::rpc::table::turn_journal_service as journal;

pub(super) fn faults() -> Vec<Fault> {
    [turns(), calls()].concat()
}

fn turns() -> Vec<Fault> {
    vec![
        ask(
            "TJ-01",
            "takes records for text",
            &journal::PUT_TURN,
            |request| {
                let text = String::from_utf8_lossy(&request.record).into_owned();
                request.record = text.into();
            },
        ),
        answer(
            "TJ-02",
            "forgets when a turn was made",
            &journal::GET_TURN,
            |_, answer| {
                if let Some(turn) = &mut answer.turn {
                    turn.created_at = Some(std::time::SystemTime::now().into());
                }
            },
        ),
        answer(
            "TJ-03",
            "says of every turn that it was there",
            &journal::REMOVE_TURN,
            |_, answer| answer.removed = true,
        ),
        ask(
            "TJ-04",
            "lists leased turns as free",
            &journal::LIST_TURNS,
            |request| {
                request.unleased_only = false;
            },
        ),
        pretends(
            "TJ-05",
            "takes records of a lost holder",
            &journal::PUT_TURN,
        ),
        pretends(
            "TJ-05",
            "lets a lost holder remove turns",
            &journal::REMOVE_TURN,
        ),
        end(
            "TJ-06",
            "stores turns without a lease",
            &journal::PUT_TURN,
            |_, end| Ok(end.unwrap_or_else(|_| vec![pb::PutTurnResponse {}])),
        ),
        ask(
            "TJ-07",
            "cuts long records",
            &journal::PUT_TURN,
            |request| {
                request.record.truncate(4 * 1024 * 1024);
            },
        ),
        forgets("TJ-08", "stores late repetitions again", &journal::PUT_TURN),
        leaks("TJ-09", "shows turns to every org", &journal::GET_TURN),
        leaks(
            "TJ-09",
            "shows tool calls to every org",
            &journal::LIST_TOOL_CALLS,
        ),
    ]
}

fn calls() -> Vec<Fault> {
    vec![
        ask(
            "TJ-10",
            "claims a call as often as it is asked",
            &journal::CLAIM_TOOL_CALL,
            |request| {
                request.retake = true;
            },
        ),
        ask(
            "TJ-11",
            "lets every claimer claim",
            &journal::CLAIM_TOOL_CALL,
            |request| {
                request.retake = true;
            },
        ),
        answer(
            "TJ-12",
            "passes results through doubles",
            &journal::CLAIM_TOOL_CALL,
            {
                |_, answer| {
                    let result = answer
                        .call
                        .as_mut()
                        .and_then(|call| call.result_json.as_mut());
                    if let Some(result) = result {
                        *result = result.replace("18446744073709551615", "18446744073709552000");
                    }
                }
            },
        ),
        ask(
            "TJ-13",
            "takes interrupted calls for settled",
            &journal::SETTLE_TOOL_CALL,
            |request| {
                request.status = ToolCallStatus::Settled.into();
                request.result_json.get_or_insert_with(|| "null".into());
            },
        ),
        answer(
            "TJ-14",
            "says of every call that it is settled",
            &journal::SETTLE_TOOL_CALL,
            |_, answer| answer.settled = true,
        ),
        answer(
            "TJ-15",
            "hides who left a call in doubt",
            &journal::CLAIM_TOOL_CALL,
            {
                |asked, answer| {
                    let fence = asked.context.as_ref().map_or(0, |context| context.fence);
                    if let Some(call) = &mut answer.call {
                        call.fence = fence;
                    }
                }
            },
        ),
        ask(
            "TJ-16",
            "never claims a call in doubt again",
            &journal::CLAIM_TOOL_CALL,
            |request| {
                request.retake = false;
            },
        ),
        pretends(
            "TJ-17",
            "takes results of a lost holder",
            &journal::SETTLE_TOOL_CALL,
        ),
        pretends(
            "TJ-17",
            "takes claims of a lost holder",
            &journal::CLAIM_TOOL_CALL,
        ),
        forgets(
            "TJ-18",
            "takes a claim sent again for another",
            &journal::CLAIM_TOOL_CALL,
        ),
        answer(
            "TJ-19",
            "gives back the caller's fingerprint",
            &journal::CLAIM_TOOL_CALL,
            {
                |asked, answer| {
                    if let Some(call) = &mut answer.call {
                        call.args_fingerprint.clone_from(&asked.args_fingerprint);
                    }
                }
            },
        ),
        answer(
            "TJ-20",
            "lists tool calls by their ids",
            &journal::LIST_TOOL_CALLS,
            {
                |_, answer| {
                    answer
                        .calls
                        .sort_by(|a, b| a.tool_call_id.cmp(&b.tool_call_id))
                }
            },
        ),
    ]
}
