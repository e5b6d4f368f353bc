//! The same rules three ways: called in process, over an in-memory connection, and over a
//! socket.

use super::{all_kept, held, leased};
use hyper_util::rt::TokioIo;
use mortise_adapter_server::AdapterServer;
use mortise_contract::{Dial, Tls, Verdict, table};
use mortise_test_support::adapter_process::AdapterProcess;
use mortise_test_support::database::Database;
use mortise_test_support::in_process::reference_on;
use std::io;
use tokio::io::{DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::transport::{Endpoint, Server};
use tower::service_fn;

/// Nothing between the suite and the server but function calls.
#[tokio::test(flavor = "multi_thread")]
async fn in_process() {
    for database in Database::ALL {
        let folder = tempfile::tempdir().unwrap();
        let reference = reference_on(database, folder.path()).await;
        let routes = AdapterServer::builder(reference).routes().await.unwrap();
        all_kept(&held(&Dial::service("in process", routes), &[]).await);
    }
}

/// HTTP/2 over a pipe in memory.
#[tokio::test(flavor = "multi_thread")]
async fn in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let reference = reference_on(Database::Sqlite, folder.path()).await;
    let routes = AdapterServer::builder(reference).routes().await.unwrap();
    let (sender, accepted) = mpsc::unbounded_channel::<DuplexStream>();
    let incoming = UnboundedReceiverStream::new(accepted).map(Ok::<_, io::Error>);
    tokio::spawn(
        Server::builder()
            .http2_max_header_list_size(mortise_proto::MAX_HEADER_LIST_BYTES)
            .add_routes(routes)
            .serve_with_incoming(incoming),
    );
    let dial = Dial::connector("in memory", move |endpoint: Endpoint| {
        let sender = sender.clone();
        endpoint.connect_with_connector_lazy(service_fn(move |_| {
            let (near, far) = duplex(64 * 1024);
            let handed_over = sender.send(far);
            async move {
                handed_over.map_err(io::Error::other)?;
                Ok::<_, io::Error>(TokioIo::new(near))
            }
        }))
    });
    all_kept(&held(&dial, &[]).await);
}

/// A process of its own at a socket, on every database.
#[tokio::test(flavor = "multi_thread")]
async fn over_a_socket() {
    for database in Database::ALL {
        let folder = tempfile::tempdir().unwrap();
        let process = AdapterProcess::start_on(database, folder.path()).await;
        let dial = Dial::address(&process.endpoint.to_string(), Tls::default()).unwrap();
        all_kept(&held(&dial, &[]).await);
    }
}

/// Leases of the serving process, before a storage that has none, keep the rules about
/// leases and journals, and break no other.
#[tokio::test(flavor = "multi_thread")]
async fn with_leases_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let routes = leased(folder.path()).await;
    let report = held(&Dial::service("leases in memory", routes), &[]).await;
    let mut broken = report.rules.iter().filter(|rule| {
        matches!(rule.verdict, Verdict::Failed | Verdict::Warned)
            // Leases in memory do not know which sessions are deleted.
            && rule.id != "LSE-18"
    });
    assert!(broken.next().is_none(), "{}", table(&report, false));
    for family in ["LSE-", "TJ-"] {
        let own = report
            .rules
            .iter()
            .filter(|rule| rule.id.starts_with(family));
        let skipped: Vec<_> = own
            .filter(|rule| rule.verdict == Verdict::Skipped)
            .map(|rule| rule.id.as_str())
            .collect();
        // The server is no process that could be started again.
        assert!(matches!(skipped[..], ["LSE-26"] | ["TJ-21"]), "{skipped:?}");
    }
}
