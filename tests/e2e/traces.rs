//! What a turn does is one trace, over both processes.

use mortise_adapter_client::Mesh;
use mortise_runtime_host::engine::TurnEnd;
use mortise_runtime_host::telemetry::{LogFormat, Otlp, Telemetry, TelemetryOptions, turn_span};
use mortise_test_support::adapter_process::AdapterProcess;
use mortise_test_support::in_process::mesh;
use mortise_test_support::scenario::{ask, host_adapter, seed};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};
use tracing::Instrument;

/// A span, and the process that it is from.
pub type Received = (String, Span);

/// A collector that keeps what it is sent.
#[derive(Clone, Default)]
pub struct Collector(Arc<Mutex<Vec<Received>>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        for process in request.into_inner().resource_spans {
            let attributes = process.resource.unwrap_or_default().attributes;
            let name = attributes.iter().find(|found| found.key == "service.name");
            let name = match name.and_then(|name| name.value.clone()?.value) {
                Some(Value::StringValue(name)) => name,
                other => panic!("{other:?}"),
            };
            let spans = process
                .scope_spans
                .into_iter()
                .flat_map(|scope| scope.spans);
            let received = spans.map(|span| (name.clone(), span));
            self.0.lock().unwrap().extend(received);
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    /// Starts it on a free port, and says where.
    pub async fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let server = tonic::transport::Server::builder()
            .add_service(TraceServiceServer::new(self.clone()))
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(server);
        endpoint
    }

    /// What it was sent so far.
    pub fn spans(&self) -> Vec<Received> {
        self.0.lock().unwrap().clone()
    }
}

/// The turn's span is the parent of the host's calls, and each of these the parent of
/// the adapter's side of it. The collector has them all once both sides have stopped.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_is_one_trace_on_both_sides() {
    let collector = Collector::default();
    let endpoint = collector.start().await;
    let folder = tempfile::tempdir().unwrap();
    let listen = format!("unix:{}", folder.path().join("p.sock").display());
    let arguments = ["--otlp", &endpoint];
    let server = AdapterProcess::start_as(folder.path(), &listen, &arguments).await;
    let telemetry = Telemetry::start(&TelemetryOptions {
        service: "mortise-host",
        version: "0",
        log_level: "off".into(),
        log_format: LogFormat::Text,
        otlp: Some(Otlp {
            endpoint,
            sample_ratio: 1.0,
        }),
    })
    .unwrap();

    let session_id = {
        let mesh: Mesh = mesh(&server.endpoint);
        let (adapter, _seen) = host_adapter(&mesh).await;
        let session_id = seed(&adapter).await;
        let turn = ask(&adapter, session_id, "What is 6 times 7?");
        let end = turn.instrument(turn_span(1, session_id)).await;
        assert_eq!(end, TurnEnd::Completed);
        session_id
    };
    server.stop().await;
    telemetry.set_log_level("error").unwrap();
    telemetry.stop().await;

    let spans = collector.spans();
    let session = Some(Value::StringValue(session_id.to_string()));
    let of_session = |span: &Span| {
        let mut attributes = span.attributes.iter();
        attributes.any(|found| found.value.as_ref().and_then(|v| v.value.clone()) == session)
    };
    let turns: Vec<_> = spans
        .iter()
        .filter(|(_, span)| span.name == "turn" && of_session(span))
        .collect();
    assert_eq!(turns.len(), 1, "{spans:#?}");
    let turn = &turns[0].1;
    let in_trace = |process: &'static str| {
        let found = spans.iter().filter(move |(name, _)| name == process);
        found
            .map(|(_, span)| span)
            .filter(|span| span.trace_id == turn.trace_id)
    };
    let calls: Vec<_> = in_trace("mortise-host")
        .filter(|span| span.name.contains('/'))
        .collect();
    let served: Vec<_> = in_trace("mortise-adapter").collect();
    assert!(
        calls.iter().any(|span| span.parent_span_id == turn.span_id),
        "{calls:#?}"
    );
    assert!(served.len() > 10, "{served:#?}");
    for span in &served {
        let mut callers = calls
            .iter()
            .filter(|call| call.span_id == span.parent_span_id);
        let caller = callers
            .next()
            .unwrap_or_else(|| panic!("nobody called {span:#?}"));
        assert_eq!(caller.name, span.name);
    }
}
