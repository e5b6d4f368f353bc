//! What becomes of calls when connections, proxies and servers do not do their part.

mod proxies;
mod recovery;

use everruns_core::traits::SessionFileSystem;
use everruns_core::typed_id::SessionId;
use everruns_runtime::RuntimeHostAdapter;
use futures::future::join_all;
use mortise_adapter_client::GrpcHostAdapter;

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
