//! Adapters that are replaced, refuse, or lack something while turns run: each is noticed,
//! no turn is left without an end, and what is missing is named.

use super::front::{Front, Play};
use super::over_front::{SOON, Set, create_session, get, until_ready};
use super::test_host::played;
use everruns_core::session::SessionStatus;
use mortise_proto::host as pb;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use mortise_test_support::fixtures::simulator;
use mortise_test_support::host_process::HostProcess;
use mortise_test_support::platform::PlatformFile;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};
use tonic::Code;

fn without(service: &'static str) -> Play {
    Play {
        without: BTreeSet::from([service]),
        ..Play::default()
    }
}

/// A server that is replaced within an instant by one without event stream and snapshot:
/// a turn under way and every later one complete, and the stream is tried no more.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_replaced_by_one_without_features() {
    let gate = Arc::new(Semaphore::new(0));
    let held = Answer::Held(gate.clone(), vec!["Half ", "said."]);
    let fake = FakeOpenAi::start(vec![held, Answer::Text(vec!["Whole."])]).await;
    let mut set = Set::with(played(&fake)).await;
    let mut turn = set.begin("?").await;
    turn.until("output.message.started").await;
    set.front.replace(Play {
        plain: true,
        ..Play::default()
    });
    gate.add_permits(16);
    let outcome = timeout(SOON, turn.outcome()).await.expect("the turn ends");
    assert_eq!(outcome, pb::TurnOutcome::Completed);
    set.completes("again?").await;
    let tried = set.front.calls("EventEmitterService/EmitStream");
    set.completes("and again?").await;
    assert_eq!(set.front.calls("EventEmitterService/EmitStream"), tried);
    assert_eq!(set.get("/ready").await.0, 200);
    assert_eq!(set.count("turn.completed").await, 3);
    // Back again it is used again.
    set.front.replace(Play::default());
    let streamed = async {
        while set.front.calls("EventEmitterService/EmitStream") == tried {
            set.completes("once more?").await;
        }
    };
    timeout(SOON, streamed).await.expect("the stream is used");
}

/// The event log is gone for a moment while a turn is under way: the turn has one end, the
/// session is idle, what is gone is named, and it is used again when it is back.
#[tokio::test(flavor = "multi_thread")]
async fn the_event_log_is_gone_for_a_moment() {
    let gate = Arc::new(Semaphore::new(0));
    let held = Answer::Held(gate.clone(), vec!["Half ", "said."]);
    let fake = FakeOpenAi::start(vec![held]).await;
    let mut set = Set::with(played(&fake)).await;
    let mut turn = set.begin("?").await;
    turn.until("output.message.started").await;
    set.front.replace(without("EventLogService"));
    gate.add_permits(16);
    let told = set.until_ready(200, "does not offer EventLogService").await;
    assert_eq!(told["problems"], json!([]), "{told}");
    // Its events cannot be read now, and its session can.
    let idle = async {
        while set.status().await != SessionStatus::Idle {
            tokio::task::yield_now().await;
        }
    };
    timeout(SOON, idle).await.expect("the session is idle");
    set.front.replace(Play::default());
    let told = set.until_ready(200, "\"degraded\":[]").await;
    assert_eq!(told["ready"], true);
    set.until_counted("session.idled", 1).await;
    let path = format!("/v1/sessions/{}/events?limit=1000", set.session_id);
    assert_eq!(set.get(&path).await.0, 200);
    let ends = set.count("turn.completed").await + set.count("turn.failed").await;
    assert_eq!(ends, 1);
    assert_eq!(set.status().await, SessionStatus::Idle);
}

/// A required service that is gone makes the host not ready, by name, until it is back.
#[tokio::test(flavor = "multi_thread")]
async fn a_required_service_that_is_gone_is_named() {
    let mut set = Set::with(simulator()).await;
    set.front.replace(without("AgentStoreService"));
    set.until_ready(503, "does not offer AgentStoreService")
        .await;
    set.front.replace(Play::default());
    set.until_ready(200, "").await;
    set.front.replace(Play {
        not_serving: Some("SessionStoreService"),
        ..Play::default()
    });
    set.until_ready(503, "does not serve SessionStoreService")
        .await;
    set.front.replace(Play::default());
    set.until_ready(200, "").await;
    set.completes("6 times 7?").await;
}

/// A turn whose end is refused for good is over all the same, with the adapter's words:
/// its place is free, cancelling it answers, the host says so in its state, its metrics
/// and `/ready`, also after a restart, and the end is stored when the adapter has changed.
async fn an_end_is_refused(code: Code) {
    let gate = Arc::new(Semaphore::new(0));
    let held = Answer::Held(gate.clone(), vec!["Half ", "said."]);
    let fake = FakeOpenAi::start(vec![held]).await;
    let mut set = Set::with(played(&fake)).await;
    let mut turn = set.begin("?").await;
    let turn_id = turn.accepted.turn_id.clone();
    turn.until("output.message.started").await;
    set.front.replace(Play {
        refused: BTreeMap::from([
            ("EventEmitterService/EmitStream", code),
            ("EventEmitterService/Emit", code),
        ]),
        ..Play::default()
    });
    gate.add_permits(16);
    let (_, ended) = timeout(SOON, turn.rest()).await.expect("the turn ends");
    assert_eq!(ended.outcome(), pb::TurnOutcome::Failed, "{ended:?}");
    assert!(ended.error.contains("refused by the test"), "{ended:?}");
    assert_eq!(set.status().await, SessionStatus::Idle);
    let told = set.until_ready(200, "refused by the test").await;
    assert_eq!(told["problems"], json!([]), "{told}");
    for restarted in [false, true] {
        let (_, turns) = set.get("/v1/turns").await;
        let shown = &turns["turns"][0];
        let found = (&shown["turn_id"], &shown["status"]);
        assert_eq!(
            found,
            (&json!(turn_id), &json!("end_not_stored")),
            "{turns}"
        );
        assert_eq!(set.metric("mortise_turn_ends_unstored").await, 1.0);
        let (status, done) = set.cancel().await;
        assert_eq!(
            (status, &done["outcome"]),
            (200, &json!("failed")),
            "{done}"
        );
        if !restarted {
            set.restart_host().await;
        }
    }
    assert_eq!(set.count("session.idled").await, 0);
    set.front.replace(Play::default());
    set.until_counted("session.idled", 1).await;
    set.until_ready(200, "\"degraded\":[]").await;
    let ends = set.count("turn.completed").await + set.count("turn.failed").await;
    assert_eq!(ends, 1);
    assert_eq!(set.metric("mortise_turn_ends_unstored").await, 0.0);
    set.completes("again?").await;
}

/// See [`an_end_is_refused`].
#[tokio::test(flavor = "multi_thread")]
async fn an_end_is_refused_as_unimplemented() {
    an_end_is_refused(Code::Unimplemented).await;
}

/// See [`an_end_is_refused`].
#[tokio::test(flavor = "multi_thread")]
async fn an_end_is_refused_as_permission_denied() {
    an_end_is_refused(Code::PermissionDenied).await;
}

/// See [`an_end_is_refused`].
#[tokio::test(flavor = "multi_thread")]
async fn an_end_is_refused_as_invalid_argument() {
    an_end_is_refused(Code::InvalidArgument).await;
}

/// See [`an_end_is_refused`].
#[tokio::test(flavor = "multi_thread")]
async fn an_end_is_refused_as_resource_exhausted() {
    an_end_is_refused(Code::ResourceExhausted).await;
}

/// See [`an_end_is_refused`].
#[tokio::test(flavor = "multi_thread")]
async fn an_end_is_refused_as_data_loss() {
    an_end_is_refused(Code::DataLoss).await;
}

/// Servers with and without features answer at one address in turn: turns complete, what
/// they differ in is told, and the adapter is not built anew with every answer.
#[tokio::test(flavor = "multi_thread")]
async fn two_versions_at_one_address() {
    let mut set = Set::with(simulator()).await;
    set.front.replace(Play {
        two_voices: true,
        ..Play::default()
    });
    set.until_ready(200, "answers with 2 voices").await;
    let tried = set.front.calls("EventEmitterService/EmitStream");
    for _ in 0..3 {
        set.completes("6 times 7?").await;
    }
    assert_eq!(set.front.calls("EventEmitterService/EmitStream"), tried);
    assert_eq!(set.get("/ready").await.0, 200);
}

/// An optional adapter that is away keeps no turn from running: it is named, its rate
/// limiter counts as allowing, and a required one that is away is a problem.
#[tokio::test(flavor = "multi_thread")]
async fn an_optional_adapter_is_away() {
    let mut front = Front::start(&PlatformFile::with(&simulator())).await;
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "[listen]\nhttp = \"127.0.0.1:0\"\n[adapters.main]\nendpoint = \"{}\"\n\
         [adapters.limits]\nendpoint = \"unix:{}\"\n\
         [drivers]\nenabled = [\"simulator\"]\n\
         [routes]\ndefault = \"main\"\noutbound_tool_rate_limiter = \"limits\"\n",
        front.endpoint,
        folder.path().join("nobody.sock").display(),
    );
    let host = HostProcess::configured(folder.path(), &config).await;
    let told = until_ready(&host, 200, "limits").await;
    let session_id = create_session(&host).await;
    assert_eq!(told["problems"], json!([]), "{told}");
    let url = format!("{}/v1/sessions/{session_id}/turns", host.http);
    let asked = json!({ "text": "What is 12 times 34?", "wait": true });
    let answer = reqwest::Client::new().post(url).json(&asked).send();
    let answer = timeout(SOON, answer).await.expect("the turn ends");
    let answer: Value = answer.unwrap().json().await.unwrap();
    assert_eq!(answer["outcome"], "completed", "{answer}");
    let (_, view) = get(&host, "/admin/overview").await;
    let limits = view["adapters"].as_array().unwrap().iter();
    let limits: Vec<_> = limits
        .filter(|adapter| adapter["name"] == "limits")
        .collect();
    assert_eq!(
        (&limits[0]["state"], &limits[0]["required"]),
        (&json!("away"), &json!(false)),
        "{view}"
    );
    front.stop();
    until_ready(&host, 503, "adapter `main`").await;
    front.replace(Play::default());
    until_ready(&host, 200, "limits").await;
}

/// A host of 200 orgs at rest asks next to nothing of its adapter.
#[tokio::test(flavor = "multi_thread")]
async fn many_orgs_at_rest() {
    const WATCHED: Duration = Duration::from_secs(10);
    let front = Front::start(&PlatformFile::with(&simulator())).await;
    let folder = tempfile::tempdir().unwrap();
    let orgs: Vec<String> = (1..=200).map(|org: i64| org.to_string()).collect();
    let config = format!(
        "[orgs]\nserve = [{}]\n[listen]\nhttp = \"127.0.0.1:0\"\n[adapters.main]\nendpoint = \"{}\"\n\
         [routes]\ndefault = \"main\"\n",
        orgs.join(", "),
        front.endpoint,
    );
    let host = HostProcess::configured(folder.path(), &config).await;
    until_ready(&host, 200, "").await;
    let before = front.calls("AdapterService/Describe");
    assert!(before <= 210, "{before} handshakes to begin with");
    let began = Instant::now();
    tokio::time::sleep(WATCHED).await;
    let took = began.elapsed().as_secs_f64();
    let since = front.calls("AdapterService/Describe") - before;
    #[allow(clippy::cast_precision_loss)]
    let each_second = since as f64 / took;
    println!("{each_second:.2} handshakes a second at rest");
    assert!(each_second <= 2.0, "{each_second} handshakes a second");
}
