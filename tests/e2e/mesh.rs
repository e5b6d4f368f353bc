//! What becomes of calls when connections, proxies and servers do not do their part.

mod chaos;
mod commands;
mod duplicates;
mod endpoints;
mod envoy;
mod limits;
mod names;
mod partition;
mod phases;
mod proxies;
mod recovery;
mod reload;
mod spiffe;
mod streams;

use crate::wire::Raw;
use everruns_core::traits::SessionFileSystem;
use everruns_core::typed_id::SessionId;
use everruns_runtime::RuntimeHostAdapter;
use futures::future::join_all;
use mortise_adapter_client::{Compression, GrpcHostAdapter, Mesh, MeshConfig};
use mortise_adapter_server::{AdapterServer, ListenAddress};
use mortise_proto::rpc::table::session_file_system_service::WRITE_FILE;
use mortise_test_support::in_process::{reference, serve_at};
use mortise_test_support::scenario::seed;
use tonic::Code;
use tonic::codec::CompressionEncoding;

/// Reads the session's root so many times at once; the errors of those that failed.
async fn failures_of_calls(
    adapter: &GrpcHostAdapter,
    session_id: SessionId,
    count: usize,
) -> Vec<String> {
    let files = adapter.file_store();
    let calls = (0..count).map(|_| files.list_directory(session_id, "/"));
    let ended = join_all(calls).await.into_iter();
    ended
        .filter_map(Result::err)
        .map(|error| error.to_string())
        .collect()
}

/// Requests that are compressed arrive whole. The limit of a message holds for what they
/// are without it: a small one that becomes too large is refused.
#[tokio::test]
async fn compressed_requests_are_measured_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let address = ListenAddress::Unix(folder.path().join("s.sock"));
    let builder = AdapterServer::builder(reference(folder.path()).await).max_message_bytes(100_000);
    let server = serve_at(builder, address, tempfile::tempdir().unwrap()).await;
    let raw = Raw::connect(&server.endpoint).await;
    for (compression, encoding) in [
        (Compression::Gzip, CompressionEncoding::Gzip),
        (Compression::Zstd, CompressionEncoding::Zstd),
    ] {
        let mut config = MeshConfig::single(server.endpoint.clone());
        let transport = &mut config.adapters.get_mut("default").unwrap().transport;
        transport.compression = Some(compression);
        let adapter = Mesh::new(config).unwrap().adapter(1).build().await.unwrap();
        let session_id = seed(&adapter).await;
        let files = adapter.file_store();
        let text = "over and over ".repeat(6_000);
        files
            .write_file(session_id, "/long", &text, "text")
            .await
            .unwrap();
        let read = files.read_file(session_id, "/long").await.unwrap().unwrap();
        assert!(read.content.as_deref() == Some(text.as_str()));

        let path = WRITE_FILE.method.path;
        let refused = raw.call_compressed(path, vec![0; 200_000], encoding).await;
        assert_eq!(refused.unwrap_err().code, Code::ResourceExhausted);
    }
}
