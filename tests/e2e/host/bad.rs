//! Requests that are wrong: each has its status and says what is wrong.

use super::test_host::{TestHost, user};
use everruns_core::typed_id::{HarnessId, SessionId};
use mortise_proto::host as pb;
use reqwest::Method;
use serde_json::{Value, json};
use tonic::Code;

/// Over HTTP: status, reason, and a word that the text must hold.
#[tokio::test]
async fn over_http() {
    let stage = TestHost::set(&["--max-request-bytes", "2000"]).await;
    let own = format!("/v1/sessions/{}", stage.session_id);
    let none = format!("/v1/sessions/{}", SessionId::new());
    let harness = json!({ "harness_id": HarnessId::new() }).to_string();
    let long = json!({ "text": "x".repeat(3000) }).to_string();
    let both = json!({ "results": [{ "tool_call_id": "a", "result": 1, "error": "b" }] });
    let (get, post) = (Method::GET, Method::POST);
    let cases: Vec<(&Method, String, String, u16, &str, &str)> = vec![
        (
            &get,
            none.clone(),
            String::new(),
            404,
            "SESSION_NOT_FOUND",
            "does not exist",
        ),
        (
            &post,
            format!("{none}/turns"),
            r#"{"text":"a"}"#.into(),
            404,
            "SESSION_NOT_FOUND",
            "does not exist",
        ),
        (
            &post,
            format!("{none}/messages"),
            r#"{"text":"a"}"#.into(),
            404,
            "SESSION_NOT_FOUND",
            "does not exist",
        ),
        (
            &get,
            format!("{none}/events"),
            String::new(),
            404,
            "SESSION_NOT_FOUND",
            "does not exist",
        ),
        (
            &get,
            format!("{none}/messages"),
            String::new(),
            404,
            "SESSION_NOT_FOUND",
            "does not exist",
        ),
        (
            &get,
            "/v1/sessions/session_12".into(),
            String::new(),
            400,
            "INVALID_FIELD",
            "session_12",
        ),
        (
            &post,
            format!("{own}/turns"),
            r#"{"text": }"#.into(),
            400,
            "INVALID_FIELD",
            "line 1 column 10",
        ),
        (
            &post,
            format!("{own}/turns"),
            r#"{"txt":"a"}"#.into(),
            400,
            "INVALID_FIELD",
            "txt",
        ),
        (
            &post,
            format!("{own}/turns"),
            "{}".into(),
            400,
            "INVALID_FIELD",
            "text: is empty",
        ),
        (
            &post,
            format!("{own}/turns"),
            r#"{"text":"a","when_busy":"soon"}"#.into(),
            400,
            "INVALID_FIELD",
            "soon",
        ),
        (
            &post,
            format!("{own}/turns"),
            long,
            413,
            "REQUEST_TOO_LARGE",
            "2000 bytes",
        ),
        (
            &post,
            format!("{own}/tool-results"),
            both.to_string(),
            400,
            "INVALID_FIELD",
            "results[0].error",
        ),
        (
            &post,
            format!("{own}/tool-results"),
            r#"{"results":[]}"#.into(),
            400,
            "INVALID_FIELD",
            "results",
        ),
        (
            &post,
            format!("{own}/cancel"),
            r#"{"turn_id":"x"}"#.into(),
            400,
            "INVALID_FIELD",
            "turn_id",
        ),
        (
            &get,
            format!("{own}/events?after=x"),
            String::new(),
            400,
            "INVALID_FIELD",
            "query",
        ),
        (
            &get,
            format!("{own}/messages?page=1"),
            String::new(),
            400,
            "INVALID_FIELD",
            "page",
        ),
        (
            &get,
            "/v1/turns?org=7".into(),
            String::new(),
            403,
            "ORG_NOT_SERVED",
            "7",
        ),
        (
            &post,
            "/v1/sessions".into(),
            harness,
            404,
            "HARNESS_NOT_FOUND",
            "does not exist",
        ),
        (
            &get,
            "/v2".into(),
            String::new(),
            404,
            "NO_ROUTE",
            "/openapi.json",
        ),
        (
            &post,
            "/v1/models".into(),
            String::new(),
            405,
            "METHOD_NOT_ALLOWED",
            "/openapi.json",
        ),
    ];
    let client = reqwest::Client::new();
    for (method, path, body, status, reason, word) in cases {
        let url = format!("{}{path}", stage.host.http);
        let answer = client.request(method.clone(), url).body(body).send().await;
        let answer = answer.unwrap();
        let found = answer.status().as_u16();
        let error: Value = answer.json().await.unwrap();
        let error = &error["error"];
        assert_eq!(
            (found, &error["reason"]),
            (status, &json!(reason)),
            "{path}: {error}"
        );
        let text = error["message"].as_str().unwrap();
        assert!(text.contains(word), "{path}: {text}");
    }
    let last = client
        .get(stage.url("/events"))
        .header("Last-Event-ID", "x");
    let last: Value = last.send().await.unwrap().json().await.unwrap();
    assert_eq!(last["error"]["field"], "Last-Event-ID");
    assert_eq!(stage.stored().await.len(), 0, "nothing of it was stored");
    let document = reqwest::get(format!("{}/openapi.json", stage.host.http)).await;
    let document: Value = document.unwrap().json().await.unwrap();
    assert_eq!(document["openapi"], "3.1.0");
}

/// Over gRPC: the code, and the field or word that the text names.
#[tokio::test]
async fn over_grpc() {
    let stage = TestHost::set(&[]).await;
    let mut client = stage.client().await;
    let turn = |session_id: String, text: &str, when_busy| pb::RunTurnRequest {
        org_id: 0,
        session_id,
        message: Some(user(text)),
        when_busy,
        request_id: None,
    };
    let own = stage.session_id.to_string();
    let absent = SessionId::new().to_string();
    for (request, code, word) in [
        (
            turn("x".into(), "a", 0),
            Code::InvalidArgument,
            "session_id",
        ),
        (
            turn(own.clone(), "", 0),
            Code::InvalidArgument,
            "message.text",
        ),
        (
            turn(own.clone(), "a", 9),
            Code::InvalidArgument,
            "when_busy",
        ),
        (
            turn(absent.clone(), "a", 0),
            Code::NotFound,
            absent.as_str(),
        ),
    ] {
        let error = client.run_turn(request).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.message().contains(word), "{error}");
    }
    let org = client
        .list_turns(pb::ListTurnsRequest {
            org_id: 9,
            ..Default::default()
        })
        .await;
    assert_eq!(org.unwrap_err().code(), Code::PermissionDenied);
    let cancel = pb::CancelTurnRequest {
        org_id: 0,
        session_id: own,
        turn_id: None,
        reason: String::new(),
        request_id: None,
    };
    let error = client.cancel_turn(cancel).await.unwrap_err();
    assert_eq!(error.code(), Code::FailedPrecondition);
    assert_eq!(stage.stored().await.len(), 0, "nothing of it was stored");
}
