//! Tokens that are revoked while their callers follow a session.

use futures::{FutureExt, StreamExt};
use mortise_proto::host::FollowEventsRequest;
use mortise_proto::host::host_service_client::HostServiceClient;
use mortise_runtime_host::local::demo;
use mortise_test_support::host_process::HostProcess;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::timeout;
use tonic::metadata::MetadataValue;
use tonic::{Code, Request};

const CONFIG: &str = r#"
[listen]
grpc = ["127.0.0.1:0"]
http = "127.0.0.1:0"
[access]
anonymous = false
[access.tokens.web]
token_file = "tokens"
"#;

/// Streams end soon after their token is revoked, those of other tokens go on, and a new
/// call with the token is refused.
#[tokio::test]
async fn streams_end_with_their_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens");
    std::fs::write(&tokens, "old\nkept\n").unwrap();
    let host = HostProcess::configured(folder.path(), CONFIG).await;
    let client = reqwest::Client::new();
    let sessions = format!("{}/v1/sessions", host.http);
    let made: Value = loop {
        let made = client.post(&sessions).bearer_auth("kept");
        let made = made.json(&json!({ "harness_id": demo::harness_id() }));
        let made = made.send().await.unwrap();
        if made.status() == 201 {
            break made.json().await.unwrap();
        }
        assert_eq!(made.status(), 503, "the storage is on its way");
        tokio::task::yield_now().await;
    };
    let session_id = made["id"].as_str().unwrap().to_string();

    let events = format!("{sessions}/{session_id}/events");
    let follow = async |token: &str| {
        let asked = client.get(&events).bearer_auth(token);
        let asked = asked.header("accept", "text/event-stream").send();
        let answer = asked.await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.bytes_stream()
    };
    let (mut old, mut kept) = (follow("old").await, follow("kept").await);
    let mut grpc = HostServiceClient::connect(host.grpc.clone()).await.unwrap();
    let mut request = Request::new(FollowEventsRequest {
        org_id: 0,
        session_id,
        after_sequence: 0,
    });
    let token = MetadataValue::from_static("Bearer old");
    request.metadata_mut().insert("authorization", token);
    let mut followed = grpc.follow_events(request).await.unwrap().into_inner();

    std::fs::write(&tokens, "kept\n").unwrap();
    let soon = Duration::from_secs(10);
    let ended = timeout(soon, async { while old.next().await.is_some() {} });
    ended.await.expect("the stream of events ends");
    let ended = timeout(soon, followed.message());
    let status = ended.await.expect("the call ends").unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    let refused = client.get(&events).bearer_auth("old").send().await.unwrap();
    assert_eq!(refused.status(), 401);

    // The other goes on, until the file is emptied.
    let more = kept.next().now_or_never();
    assert!(!matches!(more, Some(None)), "it is open");
    std::fs::write(&tokens, "").unwrap();
    let ended = timeout(soon, async { while kept.next().await.is_some() {} });
    ended.await.expect("the stream of events ends");
}
