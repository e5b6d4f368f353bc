//! A session crosses the wire once: what grows with it is sent as what is new.

use crate::wire::{Describes, description};
use everruns_core::message::Message;
use everruns_core::typed_id::SessionId;
use everruns_runtime::RuntimeHostAdapter;
use futures::StreamExt;
use futures::stream::BoxStream;
use mortise_adapter_client::{GrpcHostAdapter, Mesh, MeshConfig, PhaseKind};
use mortise_proto::StoreError;
use mortise_proto::pb::adapter_service_server::AdapterServiceServer;
use mortise_proto::pb::emit_stream_response::Outcome;
use mortise_proto::pb::event_emitter_service_server::{
    EventEmitterService, EventEmitterServiceServer,
};
use mortise_proto::pb::{self, ErrorReason, Feature};
use mortise_proto::rpc::table;
use mortise_test_support::fixtures::{said, unheard_of};
use mortise_test_support::scenario::{TestHost, ask};
use serde_json::json;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tonic::codegen::tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, Streaming};

/// What has crossed the wire so far, both ways.
fn bytes(mesh: &Mesh) -> u64 {
    let stats = mesh.stats();
    let both = stats
        .iter()
        .map(|stats| stats.bytes_sent + stats.bytes_received);
    both.sum()
}

/// A turn late in a session puts no more on the wire than an early one, and what is stored
/// is what was emitted, whole.
#[tokio::test]
async fn a_late_turn_sends_no_more_than_an_early_one() {
    let stage = TestHost::set().await;
    let (adapter, session_id) = (&stage.adapter, stage.session_id);
    let mut turns = Vec::new();
    for _ in 0..16 {
        let before = bytes(&stage.mesh);
        ask(adapter, session_id, "What is 12 times 34?").await;
        turns.push(bytes(&stage.mesh) - before);
    }
    for stats in stage.mesh.stats() {
        println!(
            "{} {} sent {} received {}",
            stats.method.short_name(),
            stats.calls,
            stats.bytes_sent,
            stats.bytes_received
        );
    }
    let (early, late) = (turns[3], turns[15]);
    println!("bytes of each turn: {turns:?}");
    assert!(late < early + early / 4, "{turns:?}");

    let log = adapter.event_log().unwrap();
    let stored = log.read(session_id, 0).await.unwrap();
    let emitted = stage.seen.lock().unwrap().clone();
    let emitted: Vec<_> = emitted
        .iter()
        .filter(|event| !event.is_ephemeral())
        .collect();
    assert_eq!(stored.len(), emitted.len());
    for (stored, emitted) in stored.iter().zip(emitted) {
        let data = |event| serde_json::to_value(event).unwrap();
        assert_eq!(
            data(&stored.data),
            data(&emitted.data),
            "{}",
            stored.event_type
        );
    }
}

/// Another host writes into a session whose messages this one keeps: the next step sees
/// them, in their place.
#[tokio::test]
async fn messages_of_another_host_are_seen() {
    let stage = TestHost::set().await;
    let (adapter, session_id) = (&stage.adapter, stage.session_id);
    ask(adapter, session_id, "What is 12 times 34?").await;
    let other = mortise_test_support::in_process::mesh(&stage.endpoint);
    let other = other.adapter(1).build().await.unwrap();
    for text in ["one more thing", "and another"] {
        let event = said(session_id, text);
        other.event_emitter().emit(event).await.unwrap();
        let phase = adapter.phase(session_id, PhaseKind::Reason);
        let seen = phase.message_store().load(session_id).await.unwrap();
        phase.finish_phase().await.unwrap();
        let all = other.message_store().load(session_id).await.unwrap();
        let ids = |messages: &[Message]| -> Vec<_> {
            messages.iter().map(|message| message.id).collect()
        };
        assert_eq!(ids(&seen), ids(&all));
    }
}

/// How a server meets a difference.
#[derive(Clone, Copy)]
enum Meets {
    /// It ends the stream: it has another base.
    AnotherBase,
    /// It was replaced by one that knows no differences and finds no data.
    NoData,
}

/// A server that stores nothing and notes what came.
#[derive(Clone)]
struct Notes {
    meets: Meets,
    came: Arc<Mutex<Vec<pb::EmitStreamRequest>>>,
}

impl Notes {
    fn answer(&self, request: pb::EmitStreamRequest) -> Result<pb::EmitStreamResponse, Status> {
        let mut came = self.came.lock().unwrap();
        came.push(request.clone());
        let request_id = request.context.unwrap().request_id;
        let outcome = match (request.data_patch.is_some(), self.meets) {
            (true, Meets::AnotherBase) => {
                return Err(StoreError::new(ErrorReason::PatchBase, "no such base").into());
            }
            (true, Meets::NoData) => {
                let problem = "is empty; send one JSON value";
                let error = StoreError::invalid_field("event.data_json", problem);
                let (code, reason, message, metadata) = error.into_parts();
                Outcome::Failure(pb::EmitFailure {
                    code,
                    reason: reason.into(),
                    message,
                    metadata,
                })
            }
            (false, _) => Outcome::Ack(pb::EmitAck {
                event_id: request.proposed_event_id,
                sequence: came.len() as i64,
            }),
        };
        Ok(pb::EmitStreamResponse {
            request_id,
            outcome: Some(outcome),
        })
    }
}

#[tonic::async_trait]
impl EventEmitterService for Notes {
    type EmitStreamStream = BoxStream<'static, Result<pb::EmitStreamResponse, Status>>;

    async fn emit(
        &self,
        _request: Request<pb::EmitRequest>,
    ) -> Result<Response<pb::EmitResponse>, Status> {
        Err(Status::unimplemented("events come on streams"))
    }

    async fn emit_stream(
        &self,
        request: Request<Streaming<pb::EmitStreamRequest>>,
    ) -> Result<Response<Self::EmitStreamStream>, Status> {
        let notes = self.clone();
        let answers = request
            .into_inner()
            .map(move |request| notes.answer(request?));
        Ok(Response::new(answers.boxed()))
    }
}

/// An adapter over such a server, which says that it takes differences.
async fn adapter_over(notes: Notes) -> GrpcHostAdapter {
    let mut description = description(1, &[]);
    let offer = |name: &&str| pb::ServiceOffer {
        name: (*name).into(),
        features: vec![Feature::EmitStream.into(), Feature::EventPatch.into()],
    };
    description.services = table::SERVICES.iter().map(offer).collect();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(
        tonic::transport::Server::builder()
            .add_service(AdapterServiceServer::new(Describes(description)))
            .add_service(EventEmitterServiceServer::new(notes))
            .serve_with_incoming(TcpListenerStream::new(listener)),
    );
    let config = MeshConfig::single(endpoint.parse().unwrap());
    Mesh::new(config).unwrap().adapter(1).build().await.unwrap()
}

/// A server that does not take a difference is sent the data whole, under the same request
/// id, and the phase ends well.
#[tokio::test]
async fn what_is_not_taken_as_a_difference_is_sent_whole() {
    for meets in [Meets::AnotherBase, Meets::NoData] {
        let came = Arc::default();
        let notes = Notes {
            meets,
            came: Arc::clone(&came),
        };
        let adapter = adapter_over(notes).await;
        let session_id = SessionId::new();
        let large = |end: &str| unheard_of(session_id, json!({"a": "x".repeat(8192), "b": end}));
        for end in ["one", "two"] {
            let phase = adapter.phase(session_id, PhaseKind::Act);
            phase.event_emitter().emit(large(end)).await.unwrap();
            phase.finish_phase().await.unwrap();
        }
        let came = came.lock().unwrap();
        let came: Vec<_> = came
            .iter()
            .map(|request| {
                let request_id = request.context.as_ref().unwrap().request_id.as_str();
                let data = request.event.as_ref().unwrap().data_json.as_str();
                (request_id, data, request.data_patch.as_ref())
            })
            .collect();
        let [first, patched, again] = came[..] else {
            panic!("{} events came", came.len());
        };
        assert!(first.1.contains("one") && first.2.is_none());
        assert!(patched.1.is_empty() && patched.2.unwrap().full_bytes() > 8192);
        assert!(again.1.contains("two") && again.2.is_none());
        assert_eq!(patched.0, again.0, "the request id");
    }
}
