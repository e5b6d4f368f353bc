//! Leases of sessions, unfinished turns and their tool calls.

use std::num::NonZeroU64;
use std::time::Duration;

use mortise_proto::convert::session_lease::{LeaseRequest, SessionLease, TTL_MAX, TTL_MIN};
use mortise_proto::convert::turn_journal::{
    JournaledToolCall, JournaledTurn, ToolCallClaim, ToolCallSettlement, ToolCallStatus,
};
use mortise_proto::error::Outcome;
use mortise_proto::{StoreError, pb};
use proptest::prelude::*;
use serde_json::{Value, json};
use tonic::{Code, Status};

use crate::properties::{crosses, debug_form};
use crate::tape::{Arb, Tape, arb_enum, arb_struct, tape};
use crate::walk::refuses;

arb_enum! {
    ToolCallStatus { Running, Settled, Interrupted }
}

arb_struct! {
    JournaledTurn { session_id, turn_id, fence, created_at, updated_at }
    JournaledToolCall {
        tool_call_id, tool_name, args_fingerprint, status, fence, result, claimed_at, settled_at,
    }
}

impl Arb for NonZeroU64 {
    fn arb(tape: &mut Tape<'_>) -> Self {
        let number: u64 = tape.make();
        NonZeroU64::new(number).unwrap_or(NonZeroU64::MIN)
    }
}

impl Arb for SessionLease {
    fn arb(tape: &mut Tape<'_>) -> Self {
        SessionLease {
            session_id: tape.make(),
            fence: tape.make(),
            holder: tape.make(),
            address: tape.make(),
            time_left: Duration::from_millis(1 + u64::from(tape.make::<u32>())),
        }
    }
}

/// All of it: its `Debug` leaves the result out.
fn call_form(call: &JournaledToolCall) -> Value {
    json!([
        format!("{call:?}"),
        call.args_fingerprint,
        call.result,
        format!("{:?} {:?}", call.claimed_at, call.settled_at),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Leases, turns and tool calls keep every field.
    #[test]
    fn turns_and_leases(words in tape()) {
        let mut tape = Tape::new(&words);
        crosses::<SessionLease, pb::SessionLease>(tape.make(), debug_form);
        crosses::<JournaledTurn, pb::JournaledTurn>(tape.make(), debug_form);
        crosses::<JournaledToolCall, pb::JournaledToolCall>(tape.make(), call_form);
    }

    /// What breaks the contract is refused by the field that is wrong.
    #[test]
    fn of_turns(words in tape()) {
        let mut tape = Tape::full(&words);
        let turn: JournaledTurn = tape.make();
        refuses("JournaledTurn", &pb::JournaledTurn::from(turn), JournaledTurn::try_from);
        let call: JournaledToolCall = tape.make();
        refuses("JournaledToolCall", &pb::JournaledToolCall::from(call), JournaledToolCall::try_from);
    }
}

/// A request that a server must refuse names the field, and one at the limits is taken.
#[test]
fn limits_of_requests() {
    let request = |holder: &str, address: &str, ttl_ms| {
        LeaseRequest::try_from(pb::AcquireLeaseRequest {
            holder: holder.into(),
            address: address.into(),
            ttl_ms,
            ..Default::default()
        })
    };
    let (min, max) = (TTL_MIN.as_millis() as u64, TTL_MAX.as_millis() as u64);
    let long = "x".repeat(2048);
    for (holder, address, ttl_ms, wrong) in [
        ("h", "", min, None),
        (&long[..256], long.as_str(), max, None),
        ("", "", min, Some("holder")),
        (&long[..257], "", min, Some("holder")),
        ("a\0b", "", min, Some("holder")),
        ("h", "a\0b", min, Some("address")),
        ("h", &"x".repeat(2049), min, Some("address")),
        ("h", "", min - 1, Some("ttl_ms")),
        ("h", "", max + 1, Some("ttl_ms")),
    ] {
        let path = request(holder, address, ttl_ms)
            .err()
            .map(|error| error.path);
        assert_eq!(path.as_deref(), wrong);
    }
    let claim = pb::ClaimToolCallRequest {
        turn_id: "turn_00000000000000000000000000000001".into(),
        tool_call_id: "call".into(),
        ..Default::default()
    };
    let refused = ToolCallClaim::try_from(claim).unwrap_err();
    assert_eq!(refused.path, "tool_name");
    let settled = |status: ToolCallStatus, result: Option<&str>| {
        ToolCallSettlement::try_from(pb::SettleToolCallRequest {
            turn_id: "turn_00000000000000000000000000000001".into(),
            tool_call_id: "call".into(),
            claim_token: "00000000-0000-0000-0000-000000000001".into(),
            status: status.into(),
            result_json: result.map(Into::into),
            ..Default::default()
        })
        .err()
        .map(|error| error.path)
    };
    assert_eq!(settled(ToolCallStatus::Settled, Some("null")), None);
    assert_eq!(settled(ToolCallStatus::Interrupted, None), None);
    assert_eq!(
        settled(ToolCallStatus::Settled, None).as_deref(),
        Some("result_json")
    );
    assert_eq!(
        settled(ToolCallStatus::Running, None).as_deref(),
        Some("status")
    );
}

/// Who has a lease, and that one is lost, is known on the other side of the wire.
#[test]
fn lease_errors_cross() {
    let words: Vec<u64> = (0..200).collect();
    let lease: SessionLease = Tape::full(&words).make();
    let held = StoreError::from(Status::from(StoreError::held(&lease)));
    assert_eq!(
        (held.code, held.outcome),
        (Code::FailedPrecondition, Outcome::NotApplied)
    );
    let by = held.held_by().unwrap();
    assert_eq!(
        (by.holder, by.address, by.time_left),
        (lease.holder, lease.address, lease.time_left)
    );
    assert_eq!((held.fenced_session(), held.may_pass()), (None, false));

    let lost = StoreError::fenced(lease.session_id, "passed on");
    let lost = StoreError::from(Status::from(lost));
    assert_eq!(
        (lost.code, lost.outcome),
        (Code::Aborted, Outcome::NotApplied)
    );
    assert_eq!(lost.fenced_session(), Some(lease.session_id));
    assert_eq!(
        (lost.gone_session(), lost.lost_session()),
        (None, Some(lease.session_id))
    );
    assert!(lost.held_by().is_none() && !lost.may_pass());
}
