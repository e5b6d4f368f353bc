//! Event streams of servers that do not do their part: a phase fails in time, and
//! nothing wedges.

use crate::wire::{Describes, description};
use everruns_core::typed_id::SessionId;
use everruns_runtime::RuntimeHostAdapter;
use futures::StreamExt;
use futures::stream::BoxStream;
use mortise_adapter_client::{GrpcHostAdapter, Mesh, MeshConfig, PhaseKind};
use mortise_proto::pb;
use mortise_proto::pb::adapter_service_server::AdapterServiceServer;
use mortise_proto::pb::event_emitter_service_server::{
    EventEmitterService, EventEmitterServiceServer,
};
use mortise_proto::rpc::table;
use mortise_test_support::fixtures::said;
use std::time::Duration;
use tokio::net::TcpListener;
use tonic::codegen::tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, Streaming};

/// What becomes of an event on the stream.
#[derive(Clone, Copy)]
enum Fault {
    /// It is never acknowledged.
    Silence,
    /// The store cannot answer now: the stream opens, and ends with that.
    Unavailable,
}

#[tonic::async_trait]
impl EventEmitterService for Fault {
    type EmitStreamStream = BoxStream<'static, Result<pb::EmitStreamResponse, Status>>;

    async fn emit(
        &self,
        _request: Request<pb::EmitRequest>,
    ) -> Result<Response<pb::EmitResponse>, Status> {
        std::future::pending().await
    }

    async fn emit_stream(
        &self,
        _request: Request<Streaming<pb::EmitStreamRequest>>,
    ) -> Result<Response<Self::EmitStreamStream>, Status> {
        let answers = match self {
            Self::Silence => futures::stream::pending().boxed(),
            Self::Unavailable => {
                let full = Status::unavailable("the disk is full");
                futures::stream::iter([Err(full)]).boxed()
            }
        };
        Ok(Response::new(answers))
    }
}

/// An adapter over a server that offers everything and has this fault.
async fn adapter_over(fault: Fault, patience: Duration) -> GrpcHostAdapter {
    let mut description = description(1, &[]);
    description.services = table::SERVICES
        .iter()
        .map(|name| pb::ServiceOffer {
            name: (*name).into(),
            features: vec![pb::Feature::EmitStream.into()],
        })
        .collect();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(
        tonic::transport::Server::builder()
            .add_service(AdapterServiceServer::new(Describes(description)))
            .add_service(EventEmitterServiceServer::new(fault))
            .serve_with_incoming(TcpListenerStream::new(listener)),
    );
    let mut config = MeshConfig::single(endpoint.parse().unwrap());
    config.deadline = patience;
    config.retry_window = patience;
    Mesh::new(config).unwrap().adapter(1).build().await.unwrap()
}

async fn failure_of_a_phase(fault: Fault) -> String {
    let adapter = adapter_over(fault, Duration::from_millis(200)).await;
    let session_id = SessionId::new();
    let phase = adapter.phase(session_id, PhaseKind::Act);
    let event = said(session_id, "lost");
    phase.event_emitter().emit(event).await.unwrap();
    phase.finish_phase().await.unwrap_err().to_string()
}

/// A server that takes a phase's events and never acknowledges them costs the
/// deadline and fails the phase: nothing wedges.
#[tokio::test]
async fn unacknowledged_events_fail_the_phase() {
    let error = failure_of_a_phase(Fault::Silence).await;
    assert!(
        error.contains("was not acknowledged within 200 ms"),
        "{error}"
    );
}

/// A store that stays unavailable costs the retry window and fails the phase, though
/// every stream to it opens.
#[tokio::test]
async fn a_store_that_stays_unavailable_fails_the_phase() {
    let error = failure_of_a_phase(Fault::Unavailable).await;
    assert!(error.contains("the disk is full"), "{error}");
}
