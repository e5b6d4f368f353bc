//! Faults of streams: followers that miss what is stored, callers that are not woken, events
//! that are answered as they were not stored.

use super::fault::{Fault, ask, each, each_both_ways, instead_all};
use mortise_proto::pb;
use mortise_proto::pb::emit_stream_response::Outcome as Became;
use mortise_proto::rpc::table::event_emitter_service::EMIT_STREAM;
use mortise_proto::rpc::table::event_log_service::{FOLLOW_EVENTS, READ_EVENTS};
use mortise_proto::rpc::table::platform_store_service::WAIT_FOR_IDLE;
use mortise_proto::rpc::table::turn_queue_service::FOLLOW_TURN_REQUESTS;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

pub(super) fn faults() -> Vec<Fault> {
    [following(), streaming()].concat()
}

fn sequence(answer: &pb::FollowEventsResponse) -> i64 {
    answer.event.as_ref().map_or(0, |event| event.sequence)
}

fn following() -> Vec<Fault> {
    vec![
        each(
            "LOG-09",
            "sends each event twice",
            &FOLLOW_EVENTS,
            |_, _| |answer: pb::FollowEventsResponse| vec![answer.clone(), answer],
        ),
        each("LOG-09", "wakes no follower", &FOLLOW_EVENTS, |_, _| {
            // What the rule stores before it follows.
            let mut stored = 3;
            move |answer: pb::FollowEventsResponse| {
                let is_stored = stored > 0;
                stored -= i32::from(is_stored);
                Vec::from_iter(is_stored.then_some(answer))
            }
        })
        .hangs(),
        ask(
            "LOG-10",
            "follows from the beginning",
            &FOLLOW_EVENTS,
            |request| {
                request.after_sequence = 0;
            },
        ),
        each(
            "LOG-12",
            "sends no ephemeral events",
            &FOLLOW_EVENTS,
            |_, _| {
                |answer: pb::FollowEventsResponse| {
                    Vec::from_iter((sequence(&answer) != 0).then_some(answer))
                }
            },
        ),
        each(
            "LOG-13",
            "drops what a slow follower has not read",
            &FOLLOW_EVENTS,
            |_, _| {
                |answer: pb::FollowEventsResponse| {
                    Vec::from_iter((sequence(&answer) % 100 != 50).then_some(answer))
                }
            },
        ),
        disturbed(),
        instead_all(
            "TURN-01",
            "tells followers of nothing",
            &FOLLOW_TURN_REQUESTS,
            |_, _| async { Ok(Vec::new()) },
        ),
        // The caller is told at the end what was read at the beginning.
        each(
            "PLAT-54",
            "does not hear that a session has settled",
            &WAIT_FOR_IDLE,
            |_, _| {
                let mut first = None;
                move |answer: pb::WaitForIdleResponse| {
                    let status = first.get_or_insert(answer.status).clone();
                    vec![pb::WaitForIdleResponse { status }]
                }
            },
        ),
        ask(
            "LOG-02",
            "reads all events, whatever was asked",
            &READ_EVENTS,
            |request| {
                request.limit = 0;
            },
        ),
    ]
}

/// Counts the followers that have left.
struct Follower(Arc<AtomicUsize>);

impl Drop for Follower {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn disturbed() -> Fault {
    let left = Arc::new(AtomicUsize::new(0));
    each(
        "LOG-14",
        "sends again to all when one leaves",
        &FOLLOW_EVENTS,
        move |_, _| {
            let this = Follower(left.clone());
            let (mut known, mut last) = (left.load(Ordering::SeqCst), None);
            move |answer: pb::FollowEventsResponse| {
                let now = this.0.load(Ordering::SeqCst);
                let again = last.replace(answer.clone()).filter(|_| now != known);
                known = now;
                again.into_iter().chain([answer]).collect()
            }
        },
    )
}

fn streaming() -> Vec<Fault> {
    vec![
        each_both_ways(
            "EVT-24",
            "numbers streamed events from 2 on",
            &EMIT_STREAM,
            || {
                |mut answer: pb::EmitStreamResponse| {
                    if let Some(Became::Ack(ack)) = &mut answer.outcome {
                        ack.sequence += 1;
                    }
                    vec![answer]
                }
            },
        ),
        // Each but the last waits for the one after it.
        each_both_ways(
            "EVT-25",
            "answers two events in the wrong order",
            &EMIT_STREAM,
            || {
                let mut held = None;
                move |answer: pb::EmitStreamResponse| match held.take() {
                    Some(before) => vec![answer, before],
                    None => {
                        held = Some(answer);
                        Vec::new()
                    }
                }
            },
        ),
        each_both_ways(
            "EVT-26",
            "acknowledges events that it cannot store",
            &EMIT_STREAM,
            || {
                |mut answer: pb::EmitStreamResponse| {
                    if let Some(Became::Failure(_)) = &answer.outcome {
                        let event_id = format!("event_{}", uuid::Uuid::new_v4().simple());
                        answer.outcome = Some(Became::Ack(pb::EmitAck {
                            event_id,
                            sequence: 2,
                        }));
                    }
                    vec![answer]
                }
            },
        ),
        ask(
            "EVT-32",
            "takes a difference for an event without data",
            &EMIT_STREAM,
            |request| {
                request.data_patch = None;
            },
        ),
        each_both_ways(
            "EVT-28",
            "counts the events of a stream",
            &EMIT_STREAM,
            || {
                let mut count = 0;
                move |mut answer: pb::EmitStreamResponse| {
                    if let Some(Became::Ack(ack)) = &mut answer.outcome {
                        count += 1;
                        ack.sequence = count;
                    }
                    vec![answer]
                }
            },
        ),
    ]
}
