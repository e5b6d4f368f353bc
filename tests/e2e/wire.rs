//! What is true of the wire whatever the storage: the handshake, limits, request
//! ids, hostile input.

use everruns_core::traits::SessionFileSystem;
use everruns_core::typed_id::SessionId;
use everruns_runtime::RuntimeHostAdapter;
use futures::{Stream, StreamExt};
use mortise_adapter_client::{ConnectError, Endpoint, Mesh, MeshConfig};
use mortise_adapter_server::{AdapterServer, ListenAddress};
use mortise_proto::pb::adapter_service_server::{AdapterService, AdapterServiceServer};
use mortise_proto::rpc::table;
use mortise_proto::{StoreError, pb};
use mortise_test_support::in_process::{
    adapter, impatient_mesh, mesh, reference, serve, serve_at, serve_tcp,
};
use mortise_test_support::scenario::seed;
use prost::Message;
use std::time::Duration;
use tokio::net::TcpListener;
use tonic::client::Grpc;
use tonic::codec::CompressionEncoding;
use tonic::codegen::tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Channel;
use tonic::{Code, Request, Response, Status};

/// A server that only describes itself.
#[derive(Clone)]
pub(crate) struct Describes(pub(crate) pb::DescribeResponse);

pub(crate) struct DescribeServer {
    pub(crate) endpoint: Endpoint,
}

#[tonic::async_trait]
impl AdapterService for Describes {
    async fn describe(
        &self,
        _request: Request<pb::DescribeRequest>,
    ) -> Result<Response<pb::DescribeResponse>, Status> {
        Ok(Response::new(self.0.clone()))
    }
}

pub(crate) fn description(protocol: u32, services: &[&str]) -> pb::DescribeResponse {
    let offer = |name: &&str| pb::ServiceOffer {
        name: format!("mortise.adapter.v1.{name}"),
        features: Vec::new(),
    };
    pb::DescribeResponse {
        server: Some(pb::Identity {
            name: "acme".into(),
            version: "9.9".into(),
            build: String::new(),
        }),
        protocol: Some(pb::ProtocolRange {
            min: protocol,
            max: protocol,
        }),
        scoping: pb::Scoping::PerOrg.into(),
        services: services.iter().map(offer).collect(),
        limits: Some(pb::Limits {
            max_message_bytes: 1 << 20,
            request_memory_seconds: 86_400,
        }),
        platform_base_url: String::new(),
        outage: String::new(),
        unfenced_changes: pb::UnfencedChanges::Unspecified.into(),
    }
}

pub(crate) async fn serve_description(description: pb::DescribeResponse) -> DescribeServer {
    serve_service(Describes(description)).await
}

async fn serve_service(service: impl AdapterService) -> DescribeServer {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    let service = AdapterServiceServer::new(service);
    tokio::spawn(
        tonic::transport::Server::builder()
            .add_service(service)
            .serve_with_incoming(TcpListenerStream::new(listener)),
    );
    DescribeServer { endpoint }
}

/// Both sides' versions are named, and which to upgrade.
#[tokio::test]
async fn another_protocol_version_is_refused() {
    let server = serve_description(description(2, &[])).await;
    let error = mesh(&server.endpoint).adapter(1).build().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "adapter `default` at {} (acme 9.9) speaks protocol version 2, this host \
             (mortise-adapter-client 0.1.0) speaks version 1; upgrade this host",
            server.endpoint
        )
    );
}

/// No server at the address is one clear message, with the cause.
#[tokio::test]
async fn a_wrong_address_is_told() {
    for endpoint in ["unix:/nowhere/at/all.sock", "http://127.0.0.1:1"] {
        let error = mesh(&endpoint.parse().unwrap())
            .adapter(1)
            .build()
            .await
            .unwrap_err();
        assert!(matches!(error, ConnectError::Unreachable { .. }));
        let text = error.to_string();
        assert!(
            text.starts_with(&format!(
                "adapter `default` at {endpoint} does not answer: "
            )),
            "{text}"
        );
        assert!(
            text.contains("No such file") || text.contains("refused"),
            "{text}"
        );
    }
}

/// A gRPC server that is no adapter is told from one that is down.
#[tokio::test]
async fn a_foreign_server_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint: Endpoint = format!("http://{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    let (_reporter, health) = tonic_health::server::health_reporter();
    tokio::spawn(
        tonic::transport::Server::builder()
            .add_service(health)
            .serve_with_incoming(TcpListenerStream::new(listener)),
    );
    let error = mesh(&endpoint).adapter(1).build().await.unwrap_err();
    assert!(
        matches!(error, ConnectError::NotAnAdapter { .. }),
        "{error}"
    );
}

/// A request above the server's limit is refused here, with its size and the limit,
/// and nothing is sent.
#[tokio::test]
async fn a_large_request_is_refused_early() {
    let folder = tempfile::tempdir().unwrap();
    let socket = ListenAddress::Unix(folder.path().join("s.sock"));
    let builder = AdapterServer::builder(reference(folder.path()).await).max_message_bytes(100_000);
    let server = serve_at(builder, socket, tempfile::tempdir().unwrap()).await;
    let adapter = adapter(&server.endpoint).await;
    let session_id = seed(&adapter).await;
    let files = adapter.file_store();
    let error = files
        .write_file(session_id, "/big", &"x".repeat(100_000), "text")
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("SessionFileSystemService/WriteFile is 100"),
        "{text}"
    );
    assert!(text.ends_with("the limit is 100000 bytes"), "{text}");
    files
        .write_file(session_id, "/fits", &"x".repeat(99_000), "text")
        .await
        .unwrap();
}

/// A file far beyond one chunk comes back whole, over a socket and over TCP, where a
/// forgotten TCP_NODELAY would show.
#[tokio::test]
async fn large_files_are_streamed() {
    let folder = tempfile::tempdir().unwrap();
    let reference = reference(folder.path()).await;
    let (socket, tcp) = (serve(reference.clone()).await, serve_tcp(reference).await);
    let session_id = seed(&adapter(&socket.endpoint).await).await;
    let content = "ä€\u{10348}\r\n".repeat(500_000);
    for (server, path) in [(&socket, "/a"), (&tcp, "/b")] {
        let files = adapter(&server.endpoint).await.file_store();
        let written = files
            .write_file(session_id, path, &content, "text")
            .await
            .unwrap();
        assert_eq!(
            written.content.as_deref().map(str::len),
            Some(content.len())
        );
        let read = files.read_file(session_id, path).await.unwrap().unwrap();
        assert!(read.content.as_deref() == Some(content.as_str()));
    }
}

/// A request's ids, enums and org are checked, and the wrong field is named.
#[tokio::test]
async fn malformed_requests_name_the_field() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(reference(folder.path()).await).await;
    let raw = Raw::connect(&server.endpoint).await;
    let context = |org_id, request_id: &str| {
        Some(pb::CallContext {
            org_id,
            request_id: request_id.into(),
            ..Default::default()
        })
    };
    let session_id = SessionId::new().to_string();

    let get = |context, session_id: &str| pb::GetSessionRequest {
        context,
        session_id: session_id.into(),
    };
    let rpc = table::session_store_service::GET_SESSION.method;
    for (request, field) in [
        (get(None, &session_id), "context"),
        (get(context(0, ""), &session_id), "context.org_id"),
        (get(context(1, ""), "session_XYZ"), "session_id"),
        (
            get(context(1, ""), "agent_00000000000000000000000000000001"),
            "session_id",
        ),
        (
            get(context(1, ""), &session_id.to_uppercase()),
            "session_id",
        ),
    ] {
        let error = raw.call(rpc.path, &request).await.unwrap_err();
        assert_eq!(
            (error.code, error.field.as_deref()),
            (Code::InvalidArgument, Some(field)),
            "{error}"
        );
    }
    let set = |status, request_id: &str| pb::SetSessionStatusRequest {
        context: context(1, request_id),
        session_id: session_id.clone(),
        status,
    };
    let rpc = table::runtime_host_service::SET_SESSION_STATUS.method;
    for (request, field) in [
        (set(1, ""), "context.request_id"),
        (set(1, &"r".repeat(65)), "context.request_id"),
        (set(0, "r1"), "status"),
        (set(77, "r2"), "status"),
    ] {
        let error = raw.call(rpc.path, &request).await.unwrap_err();
        assert_eq!(error.field.as_deref(), Some(field), "{error}");
    }
    let garbage = raw.call_bytes(rpc.path, vec![0xff; 64]).await.unwrap_err();
    assert_ne!(garbage.code, Code::Ok);
}

/// A change whose answer was lost is sent again and happens once; its id cannot be
/// used for another. On the reference storage and on an adapter that knows no
/// request ids.
#[tokio::test]
async fn a_repeated_change_happens_once() {
    let folder = tempfile::tempdir().unwrap();
    let durable = serve(reference(folder.path()).await).await;
    let seeded = adapter(&durable.endpoint).await;
    let session_id = seed(&seeded).await;
    let raw = Raw::connect(&durable.endpoint).await;
    let context = Some(pb::CallContext {
        org_id: 1,
        request_id: "same".into(),
        ..Default::default()
    });
    let event = mortise_test_support::fixtures::said(session_id, "once");
    let emit = pb::EmitRequest {
        context: context.clone(),
        event: Some((&event).try_into().unwrap()),
        proposed_event_id: String::new(),
        data_patch: None,
    };
    let path = table::event_emitter_service::EMIT.method.path;
    let first = raw.call(path, &emit).await.unwrap();
    assert_eq!(raw.call(path, &emit).await.unwrap(), first);
    let messages = seeded.message_store();
    assert_eq!(messages.count(session_id).await.unwrap(), 1);

    let title = pb::UpdateSessionTitleRequest {
        context,
        session_id: session_id.to_string(),
        title: "x".into(),
    };
    let path = table::session_mutator_service::UPDATE_SESSION_TITLE
        .method
        .path;
    let error = raw.call(path, &title).await.unwrap_err();
    assert_eq!(
        error.reason,
        Some(pb::ErrorReason::RequestIdReused),
        "{error}"
    );
}

/// Takes calls, and never answers.
struct Silent;

#[tonic::async_trait]
impl AdapterService for Silent {
    async fn describe(
        &self,
        _request: Request<pb::DescribeRequest>,
    ) -> Result<Response<pb::DescribeResponse>, Status> {
        std::future::pending().await
    }
}

/// A server that never answers costs the deadline and no more; one that does not even speak
/// HTTP/2, the time to connect.
#[tokio::test]
async fn silence_ends_at_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mute = format!("http://{}", listener.local_addr().unwrap());
    let silent = serve_service(Silent).await.endpoint;
    for (endpoint, expected) in [
        (silent, "did not answer within 200 ms"),
        (mute.parse().unwrap(), "no connection was made within 0.3 s"),
    ] {
        let mut config = MeshConfig::single(endpoint);
        config.deadline = Duration::from_millis(200);
        let transport = &mut config.adapters.get_mut("default").unwrap().transport;
        transport.connect_timeout = Duration::from_millis(300);
        let adapter = Mesh::new(config).unwrap().adapter(1).build().await;
        let text = adapter.unwrap_err().to_string();
        assert!(text.contains(expected), "{text}");
    }
}

/// A server that is gone is told as passing, so that the host may try again.
#[tokio::test]
async fn a_lost_server_is_passing() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(reference(folder.path()).await).await;
    let adapter = impatient_mesh(&server.endpoint)
        .adapter(1)
        .build()
        .await
        .unwrap();
    let session_id = SessionId::new();
    adapter
        .session_store(1)
        .get_session(session_id)
        .await
        .unwrap();
    drop(server);
    let error = loop {
        if let Err(error) = adapter.session_store(1).get_session(session_id).await {
            break error;
        }
    };
    assert!(
        error.to_string().contains("temporarily unavailable"),
        "{error}"
    );
    assert!(StoreError::from(&error).may_pass(), "{error}");
}

/// Calls without the mesh: exactly the bytes that are given.
pub(crate) struct Raw(Channel);

impl Raw {
    pub(crate) async fn connect(endpoint: &Endpoint) -> Self {
        let Endpoint::Unix(path) = endpoint.clone() else {
            panic!("a unix socket")
        };
        let connector = tower::service_fn(move |_: tonic::transport::Uri| {
            let path = path.clone();
            async move {
                tokio::net::UnixStream::connect(path)
                    .await
                    .map(hyper_util::rt::TokioIo::new)
            }
        });
        let endpoint = tonic::transport::Endpoint::from_static("http://localhost");
        Self(endpoint.connect_with_connector(connector).await.unwrap())
    }

    pub(crate) async fn call(
        &self,
        path: &'static str,
        request: &impl Message,
    ) -> Result<Vec<u8>, StoreError> {
        self.call_bytes(path, request.encode_to_vec()).await
    }

    pub(crate) async fn call_bytes(
        &self,
        path: &'static str,
        body: Vec<u8>,
    ) -> Result<Vec<u8>, StoreError> {
        self.send(path, body, |grpc| grpc).await
    }

    /// A call whose request is compressed.
    pub(crate) async fn call_compressed(
        &self,
        path: &'static str,
        body: Vec<u8>,
        encoding: CompressionEncoding,
    ) -> Result<Vec<u8>, StoreError> {
        self.send(path, body, |grpc| grpc.send_compressed(encoding))
            .await
    }

    async fn send(
        &self,
        path: &'static str,
        body: Vec<u8>,
        change: impl FnOnce(Grpc<Channel>) -> Grpc<Channel>,
    ) -> Result<Vec<u8>, StoreError> {
        let mut grpc = change(Grpc::new(self.0.clone()));
        grpc.ready().await.unwrap();
        let path = tonic::codegen::http::uri::PathAndQuery::from_static(path);
        let answer = grpc
            .unary(Request::new(body), path, bytes_codec::BytesCodec)
            .await?;
        Ok(answer.into_inner())
    }

    /// A call whose request is a stream of these messages.
    pub(crate) async fn upload<M: Message + 'static>(
        &self,
        path: &'static str,
        messages: impl Stream<Item = M> + Send + 'static,
    ) -> Result<Vec<u8>, StoreError> {
        let mut grpc = Grpc::new(self.0.clone());
        grpc.ready().await.unwrap();
        let path = tonic::codegen::http::uri::PathAndQuery::from_static(path);
        let bodies = messages.map(|message| message.encode_to_vec());
        let answer = grpc
            .client_streaming(Request::new(bodies), path, bytes_codec::BytesCodec)
            .await?;
        Ok(answer.into_inner())
    }
}

/// Bytes as they are.
mod bytes_codec {
    use tonic::Status;
    use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

    pub(super) struct BytesCodec;

    impl Codec for BytesCodec {
        type Encode = Vec<u8>;
        type Decode = Vec<u8>;
        type Encoder = Self;
        type Decoder = Self;

        fn encoder(&mut self) -> Self {
            Self
        }

        fn decoder(&mut self) -> Self {
            Self
        }
    }

    impl Encoder for BytesCodec {
        type Item = Vec<u8>;
        type Error = Status;

        fn encode(&mut self, item: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
            bytes::BufMut::put_slice(buffer, &item);
            Ok(())
        }
    }

    impl Decoder for BytesCodec {
        type Item = Vec<u8>;
        type Error = Status;

        fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
            let length = bytes::Buf::remaining(buffer);
            Ok(Some(bytes::Buf::copy_to_bytes(buffer, length).to_vec()))
        }
    }
}
