//! Faults of leases: who gets one, for how long, and who is told of it.

use super::fault::{
    End, Fault, Server, answer, ask, end, forgets, instead, leaks, pretends, unfenced,
};
use mortise_proto::StoreError;
use mortise_proto::pb::{self, ErrorReason};
use mortise_proto::rpc::table::{
    adapter_service::DESCRIBE, event_emitter_service as emitter, session_lease_service as lease,
    session_storage_store_service as storage,
};
use std::sync::atomic::{AtomicU64, Ordering};

pub(super) fn faults() -> Vec<Fault> {
    [grants(), ends(), followers(), takeovers()].concat()
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
        end(
            "LSE-18",
            "leases what is deleted",
            &lease::ACQUIRE_LEASE,
            |asked, end| {
                end.or_else(|error| match error.reason {
                    Some(ErrorReason::SessionArchived) => Ok(vec![invented(asked)]),
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
async fn current(server: &Server, context: &Option<pb::CallContext>, session_id: &str) -> u64 {
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

fn one<Rsp: Default>(end: End<Rsp>) -> Result<Rsp, StoreError> {
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
        )
        .hangs(),
        ask(
            "LSE-15",
            "follows one session when none is named",
            &lease::FOLLOW_LEASES,
            |request| {
                let none = "session_00000000000000000000000000000001";
                request.session_id.get_or_insert_with(|| none.into());
            },
        )
        .hangs(),
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
        ask(
            "LSE-21",
            "takes the streamed events of an earlier holder for a person's",
            &emitter::EMIT_STREAM,
            |request| {
                if let Some(context) = &mut request.context {
                    context.fence = 0;
                }
                let event = request.event.as_mut();
                if let Some(context) = event.and_then(|event| event.context.as_mut()) {
                    context.turn_id = None;
                }
            },
        ),
        pretends(
            "LSE-21",
            "says of refused events that they are stored",
            &emitter::EMIT,
        ),
        ask(
            "LSE-22",
            "takes the events of an earlier holder for a person's",
            &emitter::EMIT,
            |request| {
                if let Some(context) = &mut request.context {
                    context.fence = 0;
                }
                without_turn(request);
            },
        ),
        forgets(
            "LSE-23",
            "does not remember what an earlier holder did",
            &storage::SET_VALUE,
        ),
        ask(
            "LSE-24",
            "takes events of turns from everybody",
            &emitter::EMIT,
            without_turn,
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

/// The event belongs to no turn.
fn without_turn(request: &mut pb::EmitRequest) {
    let event = request.event.as_mut();
    if let Some(context) = event.and_then(|event| event.context.as_mut()) {
        context.turn_id = None;
    }
}
