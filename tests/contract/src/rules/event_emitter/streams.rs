//! Events sent as a stream.

use crate::check::{Outcome, broken, present, same, skipped, that};
use crate::context::{Cx, fresh_id};
use crate::rule::{Group, Rule};
use crate::rules::event_log::read;
use crate::rules::events::{event, event_of, well_formed};
use futures::SinkExt;
use futures::channel::mpsc;
use mortise_proto::StoreError;
use mortise_proto::pb;
use mortise_proto::pb::emit_stream_response::Outcome as Became;
use mortise_proto::rpc::table::event_emitter_service::{EMIT_STREAM, NAME};
use mortise_proto::rpc::table::event_log_service;
use serde_json::json;
use tonic::Streaming;

pub(super) fn rules() -> Vec<Rule> {
    Group::of(NAME)
        .hard("EVT-24", "A stream is open before its first event, and each event is answered before the next is sent.", "event_emitter.proto, EmitStream", evt_24_opens_at_once)
        .hard("EVT-25", "200 events sent without waiting are answered in order, with numbers that rise.", "event_emitter.proto, EmitStream", evt_25_pipelined).full()
        .hard("EVT-26", "An event that cannot be stored is answered with its error, and those after it are stored.", "event_emitter.proto, EmitStream", evt_26_goes_on)
        .hard("EVT-27", "Events sent again over a new stream are stored once.", "event_emitter.proto, EmitStream", evt_27_resumed).with(&[event_log_service::NAME]).full()
        .hard("EVT-28", "One stream carries events of several sessions, each with its own numbers.", "event_emitter.proto, EmitStreamRequest", evt_28_several_sessions)
        .list()
}

/// A stream, open.
pub(super) struct Open {
    cx: Cx,
    sender: mpsc::Sender<pb::EmitStreamRequest>,
    answers: Streaming<pb::EmitStreamResponse>,
}

impl Open {
    pub(super) async fn new(cx: &Cx) -> Outcome<Self> {
        if !cx.offers_feature(NAME, pb::Feature::EmitStream) {
            return skipped("the server does not offer FEATURE_EMIT_STREAM");
        }
        let (sender, requests) = mpsc::channel(256);
        let answers = cx.exchange(&EMIT_STREAM, requests).await?;
        Ok(Self {
            cx: cx.clone(),
            sender,
            answers,
        })
    }

    /// Sends an event; the request id it was sent under.
    pub(super) async fn send(&mut self, event: pb::NewEvent) -> Outcome<String> {
        let id = self.cx.context().request_id;
        self.send_under(&id, event).await?;
        Ok(id)
    }

    async fn send_under(&mut self, request_id: &str, event: pb::NewEvent) -> Outcome {
        self.send_patched(request_id, event, None).await
    }

    pub(super) async fn send_patched(
        &mut self,
        request_id: &str,
        event: pb::NewEvent,
        data_patch: Option<pb::DataPatch>,
    ) -> Outcome {
        let request = pb::EmitStreamRequest {
            context: Some(self.cx.under(request_id).context()),
            event: Some(event),
            proposed_event_id: String::new(),
            data_patch,
        };
        match self.sender.send(request).await {
            Ok(()) => Ok(()),
            Err(_) => broken(
                "EmitStream",
                "to take events until the caller ends",
                "it has ended",
            ),
        }
    }

    /// The error that the stream ends with.
    pub(super) async fn error(&mut self) -> Outcome<StoreError> {
        self.cx.refused_next(&EMIT_STREAM, &mut self.answers).await
    }

    /// The next answer, which has to be to this request.
    async fn answer(&mut self, request_id: &str) -> Outcome<Became> {
        let answer = self.cx.next(&EMIT_STREAM, &mut self.answers).await?;
        let answer = present("the answer to an event of EmitStream", answer)?;
        same(
            "EmitStreamResponse.request_id",
            answer.request_id.as_str(),
            request_id,
        )?;
        present("EmitStreamResponse.outcome", answer.outcome)
    }

    pub(super) async fn stored(&mut self, request_id: &str) -> Outcome<pb::EmitAck> {
        match self.answer(request_id).await? {
            Became::Ack(ack) => {
                well_formed("EmitAck.event_id", "event", &ack.event_id)?;
                Ok(ack)
            }
            Became::Failure(failure) => broken(
                "EmitStreamResponse.outcome",
                "an ack",
                format!("{failure:?}"),
            ),
        }
    }
}

async fn evt_24_opens_at_once(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let mut stream = Open::new(&cx).await?;
    for sequence in 1..=3 {
        let id = stream
            .send(event(&session, "tool.progress", &json!({})))
            .await?;
        same(
            "EmitAck.sequence",
            &stream.stored(&id).await?.sequence,
            &sequence,
        )?;
    }
    let id = stream
        .send(event(&session, "tool.output.delta", &json!({"delta": "x"})))
        .await?;
    same(
        "EmitAck.sequence of an ephemeral event",
        &stream.stored(&id).await?.sequence,
        &0,
    )?;
    let Open {
        cx,
        mut sender,
        mut answers,
    } = stream;
    sender.close_channel();
    let end = cx.next(&EMIT_STREAM, &mut answers).await?;
    crate::check::absent("an answer after the last event", end)
}

async fn evt_25_pipelined(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let mut stream = Open::new(&cx).await?;
    let mut ids = Vec::new();
    for number in 0..200 {
        ids.push(
            stream
                .send(event(&session, "tool.progress", &json!({"n": number})))
                .await?,
        );
    }
    for (sequence, id) in (1..).zip(&ids) {
        same(
            "EmitAck.sequence",
            &stream.stored(id).await?.sequence,
            &sequence,
        )?;
    }
    Ok(())
}

async fn evt_26_goes_on(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let mut stream = Open::new(&cx).await?;
    let first = stream
        .send(event(&session, "turn.started", &json!({})))
        .await?;
    let bad = stream
        .send(event_of(&session, "turn.started", "{not json"))
        .await?;
    let malformed = stream
        .send(event("session_1", "turn.started", &json!({})))
        .await?;
    let last = stream
        .send(event(&session, "turn.completed", &json!({})))
        .await?;
    same(
        "EmitAck.sequence of the first event",
        &stream.stored(&first).await?.sequence,
        &1,
    )?;
    for id in [&bad, &malformed] {
        match stream.answer(id).await? {
            Became::Failure(failure) => {
                same(
                    "EmitFailure.code",
                    &failure.code,
                    &i32::from(tonic::Code::InvalidArgument),
                )?;
                same(
                    "EmitFailure.reason",
                    failure.reason.as_str(),
                    "INVALID_FIELD",
                )?;
                that(
                    "EmitFailure.message",
                    "a text",
                    !failure.message.is_empty(),
                    &failure.message,
                )?;
            }
            Became::Ack(ack) => broken(
                "the answer to a malformed event",
                "a failure",
                format!("{ack:?}"),
            )?,
        }
    }
    same(
        "EmitAck.sequence of the event after the failures",
        &stream.stored(&last).await?.sequence,
        &2,
    )
}

async fn evt_27_resumed(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let ids: Vec<String> = (0..20).map(|_| cx.context().request_id).collect();
    let new = |index: usize| event(&session, "tool.progress", &json!({ "n": index }));
    let mut first = Open::new(&cx).await?;
    for (index, id) in ids.iter().enumerate() {
        first.send_under(id, new(index)).await?;
    }
    // Some are acknowledged, then the connection is gone.
    for id in &ids[..5] {
        first.stored(id).await?;
    }
    drop(first);
    let mut second = Open::new(&cx.over_new_connection()).await?;
    for (index, id) in ids.iter().enumerate() {
        second.send_under(id, new(index)).await?;
    }
    for (sequence, id) in (1..).zip(&ids) {
        same(
            "EmitAck.sequence over the second stream",
            &second.stored(id).await?.sequence,
            &sequence,
        )?;
    }
    let events = read(&cx, &session, 0).await?;
    let data: Vec<&str> = events
        .iter()
        .map(|event| event.data_json.as_str())
        .collect();
    let expected: Vec<String> = (0..20)
        .map(|index| json!({ "n": index }).to_string())
        .collect();
    same("how many events are stored", &data.len(), &expected.len())?;
    for (got, expected) in data.iter().zip(&expected) {
        crate::rules::common::same_json("the data of an event, in order", got, expected)?;
    }
    Ok(())
}

async fn evt_28_several_sessions(cx: Cx) -> Outcome {
    let sessions = [cx.session().await?, cx.session().await?];
    let mut stream = Open::new(&cx).await?;
    for sequence in 1..=5 {
        for session in &sessions {
            let id = stream
                .send(event(
                    session,
                    "tool.progress",
                    &json!({"m": fresh_id("x")}),
                ))
                .await?;
            same(
                "EmitAck.sequence",
                &stream.stored(&id).await?.sequence,
                &sequence,
            )?;
        }
    }
    Ok(())
}
