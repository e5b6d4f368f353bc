//! Servers that mean no good: the suite says so within its time, and neither hangs nor
//! breaks.

use super::broken::fault::{Fault, bytes, framed};
use futures::stream;
use mortise_adapter_server::AdapterServer;
use mortise_contract::{Dial, Options, RunError, Tls, Verdict, rules, run};
use mortise_proto::pb;
use mortise_proto::rpc::table::message_retriever_service::LOAD_MESSAGES;
use mortise_proto::rpc::table::session_storage_store_service::GET_VALUE;
use mortise_test_support::in_process::reference;
use prost::bytes::Bytes;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_stream::wrappers::TcpListenerStream;

/// How long a rule may take here.
const PATIENCE: Duration = Duration::from_secs(3);

fn options(only: &str) -> Options {
    Options {
        only: vec![only.into()],
        timeout: PATIENCE,
        ..Options::default()
    }
}

/// A server whose connections are handled so.
async fn at_a_port<Fut>(handle: impl Fn(TcpStream) -> Fut + Send + 'static) -> Dial
where
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(handle(stream));
        }
    });
    Dial::address(&address, Tls::default()).unwrap()
}

async fn refusal(dial: &Dial) -> String {
    let rules = rules();
    let ran = run(dial, &rules, options("KV-01"), &|_, _, _| {});
    let outcome = tokio::time::timeout(PATIENCE * 4, ran);
    let ended = outcome.await.expect("the suite hangs");
    let error = ended.expect_err("the handshake is accepted");
    assert!(matches!(error, RunError::Handshake { .. }), "{error}");
    error.to_string()
}

/// A server that takes the connection and says nothing.
#[tokio::test]
async fn silence() {
    let dial = at_a_port(|mut stream| async move {
        let mut taken = Vec::new();
        // Until the suite gives up.
        drop(stream.read_to_end(&mut taken).await);
    });
    let text = refusal(&dial.await).await;
    assert!(text.contains("no answer within"), "{text}");
}

/// A server that speaks something else.
#[tokio::test]
async fn garbage() {
    let dial = at_a_port(|mut stream| async move {
        drop(stream.write_all(&[0x5a; 4096]).await);
    });
    let text = refusal(&dial.await).await;
    assert!(text.contains("does not answer the handshake"), "{text}");
}

/// Another gRPC server.
#[tokio::test]
async fn a_foreign_service() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (_reporter, health) = tonic_health::server::health_reporter();
    let server = tonic::transport::Server::builder().add_service(health);
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    let text = refusal(&Dial::address(&address, Tls::default()).unwrap()).await;
    assert!(text.contains("Unimplemented"), "{text}");
}

/// No server at all.
#[tokio::test]
async fn no_server() {
    let dial = Dial::address("unix:/nowhere/at/all.sock", Tls::default()).unwrap();
    let text = refusal(&dial).await;
    assert!(text.contains("No such file"), "{text}");
}

/// Methods that never answer, never end, announce a message of 3 GiB, or answer with what
/// is no message: the rule is broken, with words that say how.
#[tokio::test(flavor = "multi_thread")]
async fn methods() {
    let folder = tempfile::tempdir().unwrap();
    let builder = AdapterServer::builder(reference(folder.path()).await);
    let routes = builder.routes().await.unwrap();
    for (fault, words) in hostile_methods() {
        let dial = Dial::service("hostile", fault.in_front_of(routes.clone()));
        let rules = rules();
        let ran = run(&dial, &rules, options(fault.rule), &|_, _, _| {});
        let report = tokio::time::timeout(PATIENCE * 4, ran).await;
        let mut report = report.expect("the suite hangs").unwrap();
        let rule = report.rules.remove(0);
        let got = rule.failure.map(|failure| failure.got).unwrap_or_default();
        assert_eq!(
            rule.verdict,
            Verdict::Failed,
            "{}: {:?}",
            fault.name,
            rule.reason
        );
        assert!(
            got.contains(words),
            "{}: `{words}` is not in {got}",
            fault.name
        );
    }
}

fn hostile_methods() -> Vec<(Fault, &'static str)> {
    let text = "x".repeat(64 * 1024);
    let message = move || {
        let id = text.clone();
        let message = pb::Message {
            id,
            ..Default::default()
        };
        let messages = vec![message];
        framed(&pb::LoadMessagesResponse {
            chunk: Some(pb::MessageChunk { messages }),
        })
    };
    vec![
        (
            bytes("KV-01", "never answers", &GET_VALUE, stream::pending),
            "no answer within",
        ),
        (
            bytes("MSG-03", "never ends", &LOAD_MESSAGES, move || {
                stream::repeat(message())
            }),
            "the streamed answer is",
        ),
        (
            bytes("KV-01", "announces 3 GiB", &GET_VALUE, || {
                stream::iter([Bytes::from_static(&[0, 0xc0, 0, 0, 0])])
            }),
            "decoded message length too large",
        ),
        (
            bytes(
                "KV-01",
                "answers with what is no message",
                &GET_VALUE,
                || stream::iter([Bytes::from_static(&[0, 0, 0, 0, 3, 0xff, 0xff, 0xff])]),
            ),
            "decode",
        ),
        (
            bytes("KV-01", "answers with nothing", &GET_VALUE, stream::empty),
            "issing",
        ),
    ]
}
