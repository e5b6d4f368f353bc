//! Faults of streams, which change each message as it comes.

use super::{Fault, Server, fault, first_of, taken, unframed, whole};
use futures::StreamExt;
use futures::future::ready;
use futures::stream::iter;
use http_body::Frame;
use http_body_util::{BodyStream, StreamBody};
use mortise_proto::Rpc;
use mortise_proto::pb;
use mortise_proto::rpc::table::event_log_service::{FOLLOW_EVENTS, READ_EVENTS};
use prost::Message;
use prost::bytes::BytesMut;
use std::sync::Arc;
use std::time::Duration;
use tonic::Status;
use tonic::body::Body;

/// How often a server that reads before it follows looks for what is stored in between.
const LOOKS: u32 = 50;
const PAUSE: Duration = Duration::from_millis(1);

/// What is sent in the place of each message of a streamed answer. `begin` is asked for it at
/// each call.
pub(in super::super) fn each<Req, Rsp, Change>(
    rule: &'static str,
    name: &'static str,
    rpc: &Rpc<Req, Rsp>,
    begin: impl Fn(&Server, &Req) -> Change + Send + Sync + 'static,
) -> Fault
where
    Req: Message + Default + 'static,
    Rsp: Message + Default + 'static,
    Change: FnMut(Rsp) -> Vec<Rsp> + Send + 'static,
{
    let begin = Arc::new(begin);
    fault(rule, name, rpc.method.path, move |server, request| {
        let begin = begin.clone();
        async move {
            let request = whole(request).await;
            let change = begin(&server, &first_of(request.body()));
            let answer = server.pass(request).await;
            answer.map(|body| mapped(body, change))
        }
    })
}

/// The same of a method that streams both ways, whose requests are passed on as they come.
pub(in super::super) fn each_both_ways<Req, Rsp, Change>(
    rule: &'static str,
    name: &'static str,
    rpc: &Rpc<Req, Rsp>,
    begin: impl Fn() -> Change + Send + Sync + 'static,
) -> Fault
where
    Rsp: Message + Default + 'static,
    Change: FnMut(Rsp) -> Vec<Rsp> + Send + 'static,
{
    let begin = Arc::new(begin);
    fault(rule, name, rpc.method.path, move |server, request| {
        let begin = begin.clone();
        async move {
            let answer = server.forward(request).await;
            answer.map(|body| mapped(body, begin()))
        }
    })
}

/// A follower is sent what is stored, and follows from the end of the log as it is then: what
/// is stored in between is lost to it.
pub(in super::super) fn reads_then_follows(rule: &'static str, name: &'static str) -> Fault {
    fault(
        rule,
        name,
        FOLLOW_EVENTS.method.path,
        |server, request| async move {
            let asked: pb::FollowEventsRequest = first_of(whole(request).await.body());
            let stored = events(&server, &asked).await;
            let mut from = pb::FollowEventsRequest {
                after_sequence: last(&stored, asked.after_sequence),
                ..asked
            };
            for _ in 0..LOOKS {
                let missed = events(&server, &from).await;
                if !missed.is_empty() {
                    from.after_sequence = last(&missed, from.after_sequence);
                    break;
                }
                tokio::time::sleep(PAUSE).await;
            }
            let stored: Vec<_> = stored
                .into_iter()
                .map(|event| pb::FollowEventsResponse { event: Some(event) })
                .collect();
            let answer = server.open(FOLLOW_EVENTS.method, from).await;
            answer.map(|body| {
                let stored = (!stored.is_empty()).then(|| Frame::data(unframed(&stored)));
                let stored = iter(stored.map(Ok::<_, Status>));
                Body::new(StreamBody::new(stored.chain(BodyStream::new(body))))
            })
        },
    )
}

async fn events(server: &Server, asked: &pb::FollowEventsRequest) -> Vec<pb::Event> {
    let request = pb::ReadEventsRequest {
        context: asked.context.clone(),
        session_id: asked.session_id.clone(),
        after_sequence: asked.after_sequence,
        limit: 0,
    };
    let answers = server.call(&READ_EVENTS, request).await;
    let answers = answers.unwrap_or_default().into_iter();
    answers.flat_map(|answer| answer.events).collect()
}

fn last(events: &[pb::Event], before: i64) -> i64 {
    events.last().map_or(before, |event| event.sequence)
}

/// A body with other messages in the place of each.
pub(super) fn mapped<In, Out>(
    body: Body,
    mut change: impl FnMut(In) -> Vec<Out> + Send + 'static,
) -> Body
where
    In: Message + Default + 'static,
    Out: Message + 'static,
{
    let mut rest = BytesMut::new();
    let frames = BodyStream::new(body).filter_map(move |frame| {
        let frame = frame.map(|frame| match frame.into_data() {
            Ok(data) => {
                rest.extend_from_slice(&data);
                let messages = taken(&mut rest).into_iter().flat_map(&mut change);
                let messages: Vec<_> = messages.collect();
                (!messages.is_empty()).then(|| Frame::data(unframed(&messages)))
            }
            Err(trailers) => Some(trailers),
        });
        ready(frame.transpose())
    });
    Body::new(StreamBody::new(frames))
}
