//! Faults of leases, of fences at each store, and of the turn journal. A server that forgets
//! a check is one that never sees the fence.

use super::fault::{Fault, answer, ask, end, forgets, instead, leaks};
use mortise_proto::pb::{self, ErrorReason, ToolCallStatus};
use mortise_proto::rpc::Scoped;
use mortise_proto::rpc::table::{
    adapter_service::DESCRIBE, event_emitter_service as emitter,
    image_artifact_store_service as images, leased_resource_store_service as leased,
    memory_store_service as memory, payment_authority_service as payments,
    platform_store_service as platform, runtime_host_service as host,
    session_file_system_service as files, session_lease_service as lease,
    session_mutator_service as mutator, session_resource_registry_service as registry,
    session_schedule_store_service as schedules, session_sql_db_store_service as sql,
    session_storage_store_service as storage, turn_journal_service as journal,
};
use mortise_proto::{Rpc, StoreError};
use prost::Message;
use std::sync::atomic::{AtomicU64, Ordering};

pub(super) fn faults() -> Vec<Fault> {
    [
        grants(),
        ends(),
        followers(),
        takeovers(),
        stores(),
        turns(),
        calls(),
    ]
    .concat()
}

/// The server does not see the fence of a method's calls.
fn unfenced<Req, Rsp>(rule: &'static str, name: &'static str, rpc: &Rpc<Req, Rsp>) -> Fault
where
    Req: Scoped + Message + Default + 'static,
    Rsp: Message + Default + 'static,
{
    ask(rule, name, rpc, |request| {
        let mut context = request.context().cloned().unwrap_or_default();
        context.fence = 0;
        request.set_context(context);
    })
}

/// Every call that is refused as fenced is answered as if it had been done.
fn pretends<Req, Rsp>(rule: &'static str, name: &'static str, rpc: &Rpc<Req, Rsp>) -> Fault
where
    Req: Message + Default + 'static,
    Rsp: Message + Default + 'static,
{
    end(rule, name, rpc, |_, end| match end {
        Err(error) if error.reason == Some(ErrorReason::Fenced) => Ok(vec![Rsp::default()]),
        end => end,
    })
}

fn grants() -> Vec<Fault> {
    vec![
        answer(
            "LSE-01",
            "loses the address",
            &lease::ACQUIRE_LEASE,
            |_, answer| {
                if let Some(lease) = &mut answer.lease {
                    lease.address.clear();
                }
            },
        ),
        end(
            "LSE-02",
            "keeps secret who has a lease",
            &lease::ACQUIRE_LEASE,
            |_, end| {
                end.map_err(|mut error| {
                    error.metadata.remove("holder");
                    error
                })
            },
        ),
        end(
            "LSE-02",
            "asks to come back soon",
            &lease::ACQUIRE_LEASE,
            |_, end| {
                end.map_err(|mut error| {
                    error.retry_after = Some(std::time::Duration::from_secs(1));
                    error
                })
            },
        ),
        answer(
            "LSE-03",
            "counts fences from one after each release",
            &lease::ACQUIRE_LEASE,
            {
                |_, answer| {
                    if let Some(lease) = &mut answer.lease {
                        lease.fence = 1;
                    }
                }
            },
        ),
        ask(
            "LSE-04",
            "takes all holders for one",
            &lease::ACQUIRE_LEASE,
            |request| {
                request.holder = "everyone".into();
            },
        ),
        ask(
            "LSE-05",
            "takes no holder for the same",
            &lease::ACQUIRE_LEASE,
            |request| {
                static NEXT: AtomicU64 = AtomicU64::new(0);
                let number = NEXT.fetch_add(1, Ordering::Relaxed);
                request.holder = format!("{}-{number}", request.holder);
            },
        ),
        forgets(
            "LSE-10",
            "grants again what is sent again",
            &lease::ACQUIRE_LEASE,
        ),
        ask(
            "LSE-11",
            "takes leases of any length",
            &lease::ACQUIRE_LEASE,
            |request| {
                request.ttl_ms = request.ttl_ms.clamp(1_000, 600_000);
            },
        ),
        leaks(
            "LSE-16",
            "grants leases of every org's sessions",
            &lease::ACQUIRE_LEASE,
        ),
        leaks("LSE-16", "tells every org of leases", &lease::FOLLOW_LEASES),
        end(
            "LSE-17",
            "leases what does not exist",
            &lease::ACQUIRE_LEASE,
            |asked, end| {
                end.or_else(|error| match error.reason {
                    Some(ErrorReason::SessionNotFound) => Ok(vec![invented(asked)]),
                    _ => Err(error),
                })
            },
        ),
        answer(
            "LSE-19",
            "does not say that it checks fences",
            &DESCRIBE,
            |_, answer| {
                for offer in &mut answer.services {
                    offer
                        .features
                        .retain(|feature| *feature != pb::Feature::Fenced as i32);
                }
            },
        ),
        answer(
            "LSE-19",
            "does not say what it does without fences",
            &DESCRIBE,
            |_, answer| {
                answer.unfenced_changes = 0;
            },
        ),
    ]
}

fn invented(asked: &pb::AcquireLeaseRequest) -> pb::AcquireLeaseResponse {
    pb::AcquireLeaseResponse {
        lease: Some(pb::SessionLease {
            session_id: asked.session_id.clone(),
            fence: 1,
            holder: asked.holder.clone(),
            address: asked.address.clone(),
            time_left_ms: asked.ttl_ms,
        }),
    }
}

fn ends() -> Vec<Fault> {
    vec![
        ask(
            "LSE-06",
            "lets leases run ten times as long",
            &lease::ACQUIRE_LEASE,
            |request| {
                request.ttl_ms = (request.ttl_ms * 10).min(600_000);
            },
        ),
        ask(
            "LSE-07",
            "renews for a second, whatever is asked",
            &lease::RENEW_LEASE,
            |request| {
                request.ttl_ms = 1_000;
            },
        ),
        end(
            "LSE-08",
            "renews whatever is asked",
            &lease::RENEW_LEASE,
            |asked, end| {
                let time_left_ms = asked.ttl_ms;
                Ok(end.unwrap_or_else(|_| vec![pb::RenewLeaseResponse { time_left_ms }]))
            },
        ),
        end(
            "LSE-08",
            "refuses a renewal with a code of its own",
            &lease::RENEW_LEASE,
            |_, end| end.map_err(|error| StoreError::new(ErrorReason::Store, error.message)),
        ),
        instead(
            "LSE-09",
            "releases whatever the fence",
            &lease::RELEASE_LEASE,
            {
                |server, asked: pb::ReleaseLeaseRequest| async move {
                    let fence = current(&server, &asked.context, &asked.session_id).await;
                    let request = pb::ReleaseLeaseRequest { fence, ..asked };
                    one(server.call(&lease::RELEASE_LEASE, request).await)
                }
            },
        ),
        instead(
            "LSE-09",
            "releases nothing",
            &lease::RELEASE_LEASE,
            |_, _| async { Ok(pb::ReleaseLeaseResponse {}) },
        ),
        ask(
            "LSE-12",
            "has one lease for all sessions",
            &lease::ACQUIRE_LEASE,
            |request| {
                use std::sync::OnceLock;
                static FIRST: OnceLock<String> = OnceLock::new();
                let first = FIRST.get_or_init(|| request.session_id.clone());
                request.session_id = first.clone();
            },
        ),
    ]
}

/// The fence of the lease that runs, found out by asking for it.
async fn current(
    server: &super::fault::Server,
    context: &Option<pb::CallContext>,
    session_id: &str,
) -> u64 {
    let mut context = context.clone().unwrap_or_default();
    context.request_id = uuid::Uuid::new_v4().to_string();
    let request = pb::AcquireLeaseRequest {
        context: Some(context.clone()),
        session_id: session_id.into(),
        holder: "nobody at all".into(),
        address: String::new(),
        ttl_ms: 1_000,
    };
    let holder = match server.call(&lease::ACQUIRE_LEASE, request.clone()).await {
        Ok(answers) => return fence_of(answers),
        Err(error) => error.metadata.get("holder").cloned().unwrap_or_default(),
    };
    context.request_id = uuid::Uuid::new_v4().to_string();
    let request = pb::AcquireLeaseRequest {
        context: Some(context),
        holder,
        ..request
    };
    fence_of(
        server
            .call(&lease::ACQUIRE_LEASE, request)
            .await
            .unwrap_or_default(),
    )
}

fn fence_of(answers: Vec<pb::AcquireLeaseResponse>) -> u64 {
    let lease = answers.into_iter().next().and_then(|answer| answer.lease);
    lease.map_or(0, |lease| lease.fence)
}

fn one<Rsp: Default>(end: super::fault::End<Rsp>) -> Result<Rsp, StoreError> {
    end.map(|messages| messages.into_iter().next().unwrap_or_default())
}

fn followers() -> Vec<Fault> {
    vec![
        instead(
            "LSE-13",
            "ends the stream after the first message",
            &lease::FOLLOW_LEASES,
            {
                |_, asked: pb::FollowLeasesRequest| async move {
                    Ok(pb::FollowLeasesResponse {
                        session_id: asked.session_id.unwrap_or_default(),
                        lease: None,
                    })
                }
            },
        ),
        ask(
            "LSE-14",
            "lets no lease expire",
            &lease::ACQUIRE_LEASE,
            |request| {
                request.ttl_ms = 600_000;
            },
        ),
        ask(
            "LSE-15",
            "follows one session when none is named",
            &lease::FOLLOW_LEASES,
            |request| {
                let none = "session_00000000000000000000000000000001";
                request.session_id.get_or_insert_with(|| none.into());
            },
        ),
    ]
}

fn takeovers() -> Vec<Fault> {
    vec![
        end(
            "LSE-20",
            "renews what another has",
            &lease::RENEW_LEASE,
            |asked, end| {
                let time_left_ms = asked.ttl_ms;
                Ok(end.unwrap_or_else(|_| vec![pb::RenewLeaseResponse { time_left_ms }]))
            },
        ),
        unfenced(
            "LSE-21",
            "does not look at the fence of an event",
            &emitter::EMIT,
        ),
        unfenced(
            "LSE-21",
            "does not look at the fences of a stream",
            &emitter::EMIT_STREAM,
        ),
        pretends(
            "LSE-21",
            "says of refused events that they are stored",
            &emitter::EMIT,
        ),
        unfenced("LSE-22", "lets an earlier holder write on", &emitter::EMIT),
        forgets(
            "LSE-23",
            "does not remember what an earlier holder did",
            &storage::SET_VALUE,
        ),
        ask(
            "LSE-24",
            "takes events of turns from everybody",
            &emitter::EMIT,
            |request| {
                if let Some(context) = request
                    .event
                    .as_mut()
                    .and_then(|event| event.context.as_mut())
                {
                    context.turn_id = None;
                }
            },
        ),
        end(
            "LSE-24",
            "refuses users while a turn runs",
            &emitter::EMIT,
            |asked, end| {
                let event = asked.event.clone().unwrap_or_default();
                let is_unfenced = asked
                    .context
                    .as_ref()
                    .is_some_and(|context| context.fence == 0);
                match is_unfenced && event.r#type == "input.message" {
                    true => Err(StoreError::new(
                        ErrorReason::Fenced,
                        "the session is leased",
                    )),
                    false => end,
                }
            },
        ),
        unfenced(
            "LSE-25",
            "ignores a fence without a session",
            &storage::SET_VALUE,
        ),
    ]
}

fn stores() -> Vec<Fault> {
    vec![
        unfenced(
            "LSE-30",
            "stores events whatever their fence",
            &emitter::EMIT,
        ),
        unfenced(
            "LSE-31",
            "sets the status whatever the fence",
            &host::SET_SESSION_STATUS,
        ),
        unfenced(
            "LSE-32",
            "sets the title whatever the fence",
            &mutator::UPDATE_SESSION_TITLE,
        ),
        unfenced(
            "LSE-33",
            "writes files whatever the fence",
            &files::WRITE_FILE,
        ),
        unfenced(
            "LSE-33",
            "compares contents and no fences",
            &files::WRITE_FILE_IF_CONTENT_MATCHES,
        ),
        unfenced(
            "LSE-33",
            "deletes files whatever the fence",
            &files::DELETE_FILE,
        ),
        unfenced(
            "LSE-33",
            "makes directories whatever the fence",
            &files::CREATE_DIRECTORY,
        ),
        unfenced(
            "LSE-33",
            "seeds files whatever the fence",
            &files::SEED_INITIAL_FILE,
        ),
        unfenced(
            "LSE-34",
            "sets values whatever the fence",
            &storage::SET_VALUE,
        ),
        unfenced(
            "LSE-34",
            "deletes values whatever the fence",
            &storage::DELETE_VALUE,
        ),
        unfenced(
            "LSE-34",
            "sets secrets whatever the fence",
            &storage::SET_SECRET,
        ),
        unfenced(
            "LSE-34",
            "deletes secrets whatever the fence",
            &storage::DELETE_SECRET,
        ),
        unfenced(
            "LSE-35",
            "makes databases whatever the fence",
            &sql::CREATE_DATABASE,
        ),
        unfenced(
            "LSE-35",
            "runs statements whatever the fence",
            &sql::SQL_EXECUTE,
        ),
        unfenced(
            "LSE-35",
            "deletes databases whatever the fence",
            &sql::DELETE_DATABASE,
        ),
        unfenced(
            "LSE-36",
            "leases resources whatever the fence",
            &leased::UPSERT_RESOURCE,
        ),
        unfenced(
            "LSE-36",
            "releases resources whatever the fence",
            &leased::RELEASE_RESOURCE,
        ),
        unfenced(
            "LSE-37",
            "registers resources whatever the fence",
            &registry::REGISTER,
        ),
        unfenced(
            "LSE-37",
            "sets states whatever the fence",
            &registry::UPDATE_STATUS,
        ),
        unfenced(
            "LSE-37",
            "drops resources whatever the fence",
            &registry::DEREGISTER,
        ),
        unfenced(
            "LSE-38",
            "makes schedules whatever the fence",
            &schedules::CREATE_SCHEDULE,
        ),
        unfenced(
            "LSE-38",
            "cancels schedules whatever the fence",
            &schedules::CANCEL_SCHEDULE,
        ),
        unfenced(
            "LSE-39",
            "pays whatever the fence",
            &payments::EXECUTE_MACHINE_PAYMENT,
        ),
        unfenced(
            "LSE-40",
            "sends messages whatever the fence",
            &platform::SEND_MESSAGE,
        ),
        unfenced(
            "LSE-40",
            "makes sessions whatever the fence",
            &platform::CREATE_SESSION,
        ),
        unfenced(
            "LSE-40",
            "deletes agents whatever the fence",
            &platform::DELETE_AGENT,
        ),
        unfenced(
            "LSE-41",
            "makes memories whatever the fence",
            &memory::CREATE_MEMORY,
        ),
        unfenced("LSE-41", "forgets whatever the fence", &memory::FORGET),
        unfenced(
            "LSE-42",
            "takes images whatever the fence",
            &images::CREATE_IMAGE,
        ),
    ]
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
