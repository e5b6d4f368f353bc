//! Unfinished turns and their tool calls, kept so that another host can take them over.

mod calls;
mod turns;

use super::session_lease::{LONG, acquire, release};
use crate::check::Outcome;
use crate::context::{Cx, fresh_id};
use crate::rule::{Group, Need, Rule};
use mortise_proto::pb;
use mortise_proto::rpc::table::session_lease_service as leases;
use mortise_proto::rpc::table::turn_journal_service::NAME;

pub(crate) fn rules() -> Vec<Rule> {
    let with: &[&str] = &[leases::NAME];
    let restart: &[Need] = &[Need::Restart];
    Group::of(NAME)
        .hard("TJ-01", "A turn's record comes back byte for byte, also an empty one and one of 4 MiB.", "turn_journal.proto, PutTurn", turns::tj_01_round_trip).with(with)
        .hard("TJ-02", "PutTurn replaces the record; created_at stays, updated_at and the fence move on.", "turn_journal.proto, JournaledTurn", turns::tj_02_replaced).with(with)
        .hard("TJ-03", "RemoveTurn removes a turn once, with its tool calls; a turn that does not exist is absent.", "turn_journal.proto, RemoveTurn", turns::tj_03_removed).with(with)
        .hard("TJ-04", "ListTurns lists the turns of a session and of the org, the oldest first; with unleased_only those whose session is not leased.", "turn_journal.proto, ListTurns", turns::tj_04_listed).with(with)
        .hard("TJ-05", "Another holder takes a turn over under its own fence, and the former holder can neither store nor remove it.", "turn_journal.proto", turns::tj_05_taken_over).with(with)
        .hard("TJ-06", "Changes without a fence, or with the fence of another session, are refused as INVALID_FIELD.", "turn_journal.proto", turns::tj_06_without_fence).with(with)
        .hard("TJ-07", "Malformed ids and names are refused as INVALID_FIELD, a record above 4 MiB as MESSAGE_TOO_LARGE.", "turn_journal.proto", turns::tj_07_malformed).with(with)
        .hard("TJ-08", "A change that is sent again under its request_id is answered as the first time and done once.", "context.proto, request_id", turns::tj_08_repeats).with(with).full()
        .hard("TJ-09", "Another org sees no turn and no tool call of a session whose id it knows, and changes none.", "context.proto", turns::tj_09_other_org).with(with).needs(&[Need::OtherOrg])
        .hard("TJ-10", "A tool call is claimed once; claimed again under the same fence it is RUNNING.", "turn_journal.proto, ClaimToolCall", calls::tj_10_claimed_once).with(with)
        .hard("TJ-11", "Of 16 that claim a tool call at the same time exactly one makes the claim.", "turn_journal.proto, ClaimToolCall", calls::tj_11_one_claimer).with(with).full()
        .hard("TJ-12", "A settled call gives its result to every later claim, to the digit, and is never claimed again.", "turn_journal.proto, SettleToolCall", calls::tj_12_settled).with(with)
        .hard("TJ-13", "An interrupted call says so, with or without a result.", "turn_journal.proto, ToolCallStatus", calls::tj_13_interrupted).with(with)
        .hard("TJ-14", "A wrong claim_token settles nothing, and a settled call is not settled again.", "turn_journal.proto, SettleToolCall", calls::tj_14_wrong_token).with(with)
        .hard("TJ-15", "A call that was claimed under an earlier fence and never settled is RUNNING under that fence: in doubt.", "turn_journal.proto, ClaimToolCall", calls::tj_15_doubt).with(with)
        .hard("TJ-16", "`retake` claims a call in doubt again, and the former claim_token is void.", "turn_journal.proto, ClaimToolCall", calls::tj_16_retaken).with(with)
        .hard("TJ-17", "A holder that has lost its lease can neither claim nor settle a call.", "turn_journal.proto", calls::tj_17_zombie).with(with)
        .hard("TJ-18", "A claim that is sent again under its request_id gets the claim_token that it got first, also after lost replies.", "context.proto, request_id", calls::tj_18_repeats).with(with).full()
        .hard("TJ-19", "A call with other arguments is told the fingerprint that is stored.", "turn_journal.proto, ClaimToolCall", calls::tj_19_fingerprints).with(with)
        .hard("TJ-20", "Tool calls are listed in the order of their claims, and one by its id; turns do not share them.", "turn_journal.proto, ListToolCalls", calls::tj_20_listed).with(with)
        .hard("TJ-21", "Turns and tool calls survive a restart.", "docs/contract.md, restarts", turns::tj_21_survives).with(with).full().needs(restart)
        .list()
}

/// A session under a lease, and a turn in it.
struct Leased {
    /// Makes changes under the lease.
    cx: Cx,
    session: String,
    turn: String,
    lease: pb::SessionLease,
}

async fn leased(cx: &Cx) -> Outcome<Leased> {
    let session = cx.session().await?;
    let lease = acquire(cx, &session, "one", LONG).await?;
    Ok(Leased {
        cx: cx.fenced(&session, lease.fence),
        session,
        turn: fresh_id("turn"),
        lease,
    })
}

/// The same session under the lease of another holder.
async fn passed_on(cx: &Cx, from: &Leased) -> Outcome<Leased> {
    release(cx, &from.lease).await?;
    let lease = acquire(cx, &from.session, "two", LONG).await?;
    Ok(Leased {
        cx: cx.fenced(&from.session, lease.fence),
        session: from.session.clone(),
        turn: from.turn.clone(),
        lease,
    })
}
