//! One list of turns, which run on each engine: what callers see is the same. And what an
//! engine that places turns does when hosts or its server are lost.

use super::hosts::{ends, turns_apart};
use super::test_host::{TestHost, Turn, played};
use super::tool_results::with_tool;
use everruns_core::session::SessionStatus;
use mortise_proto::host as pb;
use mortise_proto::host::host_service_client::HostServiceClient;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use mortise_test_support::fixtures::simulator;
use mortise_test_support::host_process::HostProcess;
use mortise_test_support::restate::{RestateServer, Spread, free_ports};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// What runs the turns of a test.
pub enum Engine {
    /// The host itself.
    Local,
    /// A server of its own.
    Restate(Box<RestateServer>, u16),
}

impl Engine {
    async fn restate() -> Self {
        let [port] = free_ports().await;
        Self::Restate(Box::new(RestateServer::start().await), port)
    }

    /// The host's arguments.
    fn arguments(&self) -> Vec<String> {
        match self {
            Self::Local => Vec::new(),
            Self::Restate(server, port) => server.arguments(*port),
        }
    }

    async fn played(&self, fake: &FakeOpenAi) -> TestHost {
        let arguments = self.arguments();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        TestHost::played(fake, &arguments).await
    }
}

/// Runs each of these on both engines.
macro_rules! on_each_engine {
    ($($name:ident)*) => {
        mod local {
            $(
                #[tokio::test]
                async fn $name() {
                    super::$name(super::Engine::Local).await;
                }
            )*
        }

        mod restate {
            $(
                #[tokio::test]
                async fn $name() {
                    super::$name(super::Engine::restate().await).await;
                }
            )*
        }
    };
}

on_each_engine! {
    a_turn_runs_its_tools
    a_message_goes_into_the_turn
    a_cancelled_turn_stops_its_model
    a_session_has_one_turn_at_a_time
    a_turn_waits_for_its_application
    a_turn_that_waits_makes_way
    a_turn_goes_on_after_its_host_is_killed
    a_parked_turn_goes_on
    a_turn_that_is_asked_for_again_is_the_same
}

/// A model that answers when it may, and at once after its first answer.
async fn held(permits: &Arc<Semaphore>) -> FakeOpenAi {
    let gate = permits.clone();
    let mut is_first = true;
    FakeOpenAi::play(move |_| {
        if std::mem::take(&mut is_first) {
            Answer::Held(gate.clone(), vec!["Late."])
        } else {
            Answer::Text(vec!["At once."])
        }
    })
    .await
}

/// Waits until the model has been asked so often.
async fn asked(fake: &FakeOpenAi, count: usize) {
    let asked = async {
        while fake.requests().len() < count {
            tokio::task::yield_now().await;
        }
    };
    let asked = timeout(Duration::from_secs(120), asked).await;
    assert!(asked.is_ok(), "the model is asked {count} times");
}

/// Waits until so many turns of the session have ended, and gives back how.
async fn ended(stage: &TestHost, count: usize) -> Vec<String> {
    let ended = async {
        loop {
            let events = stage.stored().await;
            let ends = ends(&events);
            if ends.len() >= count {
                return ends.into_iter().map(String::from).collect();
            }
            tokio::task::yield_now().await;
        }
    };
    let ended = timeout(Duration::from_secs(120), ended).await;
    ended.unwrap_or_else(|_| panic!("{count} turns end"))
}

async fn with_client_tool(engine: &Engine, fake: &FakeOpenAi) -> TestHost {
    let arguments = engine.arguments();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    TestHost::set_with(played(fake), &arguments, with_tool).await
}

fn result(id: &str, value: &Value) -> Value {
    json!({ "results": [{ "tool_call_id": id, "result": value }] })
}

/// A turn of the demo's agent asks its model, runs a tool, and completes, with each event
/// once.
async fn a_turn_runs_its_tools(engine: Engine) {
    let arguments = engine.arguments();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let stage = TestHost::set_with(simulator(), &arguments, |_| {}).await;
    let (events, end) = stage.run("What is 12 times 34?").await.rest().await;
    assert_eq!(end.outcome(), pb::TurnOutcome::Completed);
    let has = |name: &str| events.iter().any(|event| event.r#type == name);
    assert!(has("tool.completed") && has("turn.completed"));
    assert_eq!(turns_apart(&stage.stored().await).len(), 1);
    assert_eq!(stage.status().await, SessionStatus::Idle);
}

/// A message that is sent while the turn runs is answered by it.
async fn a_message_goes_into_the_turn(engine: Engine) {
    let gate = Arc::new(Semaphore::new(0));
    let fake = held(&gate).await;
    let stage = engine.played(&fake).await;
    let turn = stage.run("one").await;
    asked(&fake, 1).await;
    let (status, sent) = stage.post("/messages", json!({ "text": "and two?" })).await;
    assert_eq!((status, &sent["steered"]), (202, &json!(true)), "{sent}");
    assert_eq!(sent["turn_id"], json!(turn.accepted.turn_id));
    gate.add_permits(2);
    assert_eq!(turn.outcome().await, pb::TurnOutcome::Completed);
    assert!(fake.requests()[1].to_string().contains("and two?"));
    assert_eq!(stage.count("turn.completed").await, 1);
}

/// A turn that is cancelled while its model is asked ends at once, with the reason.
async fn a_cancelled_turn_stops_its_model(engine: Engine) {
    let gate = Arc::new(Semaphore::new(0));
    let fake = held(&gate).await;
    let stage = engine.played(&fake).await;
    let turn = stage.run("one").await;
    asked(&fake, 1).await;
    let (status, done) = stage.post("/cancel", json!({ "reason": "enough" })).await;
    assert_eq!(
        (status, &done["outcome"]),
        (200, &json!("cancelled")),
        "{done}"
    );
    assert_eq!(turn.outcome().await, pb::TurnOutcome::Cancelled);
    let events = stage.stored().await;
    assert_eq!(ends(&events), ["turn.cancelled"]);
    assert!(serde_json::to_string(&events).unwrap().contains("enough"));
    assert_eq!(
        stage.run("two").await.outcome().await,
        pb::TurnOutcome::Completed
    );
}

/// While a turn runs, another is refused or waits, as its caller says.
async fn a_session_has_one_turn_at_a_time(engine: Engine) {
    let gate = Arc::new(Semaphore::new(0));
    let fake = held(&gate).await;
    let stage = engine.played(&fake).await;
    let first = stage.run("one").await;
    asked(&fake, 1).await;
    let body = json!({ "text": "two", "when_busy": "refuse" });
    let (status, error) = stage.post("/turns", body).await;
    assert_eq!(
        (status, &error["error"]["reason"]),
        (409, &json!("TURN_UNDER_WAY")),
        "{error}"
    );
    let body = json!({ "text": "three", "when_busy": "queue", "wait": false });
    let (status, queued) = stage.post("/turns", body).await;
    assert_eq!(status, 202, "{queued}");
    gate.add_permits(2);
    assert_eq!(first.outcome().await, pb::TurnOutcome::Completed);
    assert_eq!(ended(&stage, 2).await, ["turn.completed", "turn.completed"]);
    assert_eq!(turns_apart(&stage.stored().await).len(), 2);
}

/// A turn whose tool the application runs waits for the result, and goes on with it.
async fn a_turn_waits_for_its_application(engine: Engine) {
    let call = Answer::ToolCall("ask_person", json!({}));
    let fake = FakeOpenAi::start(vec![call, Answer::Text(vec!["Blue it is."])]).await;
    let stage = with_client_tool(&engine, &fake).await;
    let (_, end) = stage.run("Which colour?").await.rest().await;
    assert_eq!(end.outcome(), pb::TurnOutcome::WaitingForToolResults);
    let id = end.tool_calls[0].id.clone();
    assert_eq!(stage.status().await, SessionStatus::WaitingForToolResults);
    let (status, done) = stage
        .post("/tool-results", result(&id, &json!("blue")))
        .await;
    assert_eq!((status, &done["resumed"]), (202, &json!(true)), "{done}");
    assert_eq!(ended(&stage, 1).await, ["turn.completed"]);
    assert!(fake.requests()[1].to_string().contains("blue"));
    assert_eq!(stage.count("tool.completed").await, 1);
}

/// A turn that waits for its application ends when another message comes, or it is
/// cancelled.
async fn a_turn_that_waits_makes_way(engine: Engine) {
    let call = Answer::ToolCall("ask_person", json!({}));
    let answers = vec![call.clone(), Answer::Text(vec!["As you like."]), call];
    let fake = FakeOpenAi::start(answers).await;
    let stage = with_client_tool(&engine, &fake).await;
    let waiting = pb::TurnOutcome::WaitingForToolResults;
    assert_eq!(stage.run("Which colour?").await.outcome().await, waiting);
    assert_eq!(
        stage.run("Never mind.").await.outcome().await,
        pb::TurnOutcome::Completed
    );
    assert_eq!(stage.run("Which colour?").await.outcome().await, waiting);
    let (status, done) = stage.post("/cancel", json!({})).await;
    assert_eq!(
        (status, &done["outcome"]),
        (200, &json!("cancelled")),
        "{done}"
    );
    let all = ["turn.cancelled", "turn.completed", "turn.cancelled"];
    assert_eq!(ended(&stage, 3).await, all);
    assert_eq!(stage.status().await, SessionStatus::Idle);
}

/// A turn whose host is killed goes on when the host is there again.
async fn a_turn_goes_on_after_its_host_is_killed(engine: Engine) {
    let gate = Arc::new(Semaphore::new(0));
    let fake = held(&gate).await;
    let stage = engine.played(&fake).await;
    let turn = stage.run("one").await;
    asked(&fake, 1).await;
    let stage = stage.restart_after_kill().await;
    assert_eq!(ended(&stage, 1).await, ["turn.completed"]);
    drop(turn);
    let events = stage.stored().await;
    assert_eq!(turns_apart(&events).len(), 1);
    assert_eq!(stage.count("turn.started").await, 1);
    assert!(serde_json::to_string(&events).unwrap().contains("At once."));
}

/// A host that is told to stop parks its turn, and the turn goes on when the host is there
/// again.
async fn a_parked_turn_goes_on(engine: Engine) {
    let gate = Arc::new(Semaphore::new(0));
    let fake = held(&gate).await;
    let mut arguments = engine.arguments();
    arguments.extend(["--drain".into(), "1".into()]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let stage = TestHost::played(&fake, &arguments).await;
    let turn = stage.run("one").await;
    asked(&fake, 1).await;
    stage.host.terminate().await;
    assert_eq!(turn.outcome().await, pb::TurnOutcome::Parked);
    let stage = stage.stopped_and_again().await;
    assert_eq!(ended(&stage, 1).await, ["turn.completed"]);
    assert_eq!(stage.count("turn.started").await, 1);
}

/// A turn that is asked for twice with one key runs once.
async fn a_turn_that_is_asked_for_again_is_the_same(engine: Engine) {
    let fake = FakeOpenAi::start(vec![Answer::Text(vec!["Once."])]).await;
    let stage = engine.played(&fake).await;
    let body = json!({ "text": "one" });
    let (status, first) = stage.post_once("/turns", "same", &body).await;
    assert_eq!(
        (status, &first["outcome"]),
        (200, &json!("completed")),
        "{first}"
    );
    let (_, again) = stage.post_once("/turns", "same", &body).await;
    assert_eq!(again["turn_id"], first["turn_id"]);
    assert_eq!(fake.requests().len(), 1);
    assert_eq!(stage.count("turn.started").await, 1);
}

/// A server, three hosts, and a session. Callers come to the first of the hosts; the server
/// reaches the other two, under one address.
struct Cluster {
    stage: TestHost,
    hosts: Vec<HostProcess>,
    _spread: Spread,
    _server: RestateServer,
}

impl Cluster {
    async fn over(fake: &FakeOpenAi) -> Self {
        let server = RestateServer::start().await;
        let [own, first, second] = free_ports().await;
        // A host is ready when the server has found the handlers, so the first needs itself.
        let spread = Spread::over(vec![own]).await;
        let arguments = |port| {
            let mut arguments = server.arguments(port);
            let more = ["--restate-advertise", &spread.url, "--lease-ttl", "4"];
            arguments.extend(more.map(String::from));
            arguments
        };
        let all = [own, first, second].map(arguments);
        let [of_stage, of_first, of_second] = all
            .each_ref()
            .map(|all| all.iter().map(String::as_str).collect::<Vec<_>>());
        let stage = TestHost::played(fake, &of_stage).await;
        let hosts = vec![
            stage.another_host("first", &of_first).await,
            stage.another_host("second", &of_second).await,
        ];
        spread.move_to(vec![first, second]);
        Self {
            stage,
            hosts,
            _spread: spread,
            _server: server,
        }
    }

    /// Which of the hosts runs a turn, by what it shows.
    async fn runs(&self) -> usize {
        let runs = async {
            loop {
                for (number, host) in self.hosts.iter().enumerate() {
                    let metrics = reqwest::get(format!("{}/metrics", host.http)).await;
                    let metrics = metrics.unwrap().text().await.unwrap();
                    if metrics.contains("mortise_turns_running 1") {
                        return number;
                    }
                }
            }
        };
        let runs = timeout(Duration::from_secs(60), runs).await;
        runs.expect("one of the hosts runs the turn")
    }
}

/// A host that is killed in the middle of a turn is followed by another at once, before the
/// lease of the session has run out, and the caller at a third host sees the turn complete.
#[tokio::test]
async fn the_turn_of_a_killed_host_is_placed_again() {
    let gate = Arc::new(Semaphore::new(0));
    let fake = held(&gate).await;
    let mut cluster = Cluster::over(&fake).await;
    let turn = cluster.stage.run("one").await;
    asked(&fake, 1).await;
    let runs = cluster.runs().await;
    cluster.hosts.remove(runs).kill().await;
    assert_eq!(turn.outcome().await, pb::TurnOutcome::Completed);
    let events = cluster.stage.stored().await;
    assert_eq!(ends(&events), ["turn.completed"]);
    assert_eq!(turns_apart(&events).len(), 1);
    assert!(serde_json::to_string(&events).unwrap().contains("At once."));
}

/// A host that is frozen in the middle of a turn is followed by another, and when it thaws it
/// writes nothing.
#[tokio::test]
async fn a_frozen_host_writes_nothing_after_its_turn_is_placed_again() {
    let gate = Arc::new(Semaphore::new(0));
    let fake = held(&gate).await;
    let cluster = Cluster::over(&fake).await;
    let turn = cluster.stage.run("one").await;
    asked(&fake, 1).await;
    let frozen = &cluster.hosts[cluster.runs().await];
    frozen.freeze().await;
    assert_eq!(turn.outcome().await, pb::TurnOutcome::Completed);
    let before = cluster.stage.stored().await.len();
    gate.add_permits(2);
    frozen.thaw().await;
    let given_up = async {
        let url = format!("{}/metrics", frozen.http);
        loop {
            let metrics = reqwest::get(&url).await.unwrap().text().await.unwrap();
            if metrics.contains("mortise_turns_running 0") {
                return;
            }
        }
    };
    let given_up = timeout(Duration::from_secs(60), given_up).await;
    assert!(
        given_up.is_ok(),
        "the host that was frozen gives its turn up"
    );
    let events = cluster.stage.stored().await;
    assert_eq!(events.len(), before);
    assert!(!serde_json::to_string(&events).unwrap().contains("Late."));
}

/// Any host cancels a turn, wherever it runs: its model is stopped there.
#[tokio::test]
async fn a_turn_is_cancelled_from_any_host() {
    let gate = Arc::new(Semaphore::new(0));
    let fake = held(&gate).await;
    let cluster = Cluster::over(&fake).await;
    let turn = cluster.stage.run("one").await;
    asked(&fake, 1).await;
    let other = &cluster.hosts[1 - cluster.runs().await];
    let mut client = HostServiceClient::connect(other.grpc.clone())
        .await
        .unwrap();
    let request = pb::CancelTurnRequest {
        org_id: 1,
        session_id: cluster.stage.session_id.to_string(),
        reason: "enough".into(),
        ..Default::default()
    };
    client.cancel_turn(request).await.unwrap();
    assert_eq!(turn.outcome().await, pb::TurnOutcome::Cancelled);
    let events = cluster.stage.stored().await;
    assert_eq!(ends(&events), ["turn.cancelled"]);
    assert!(serde_json::to_string(&events).unwrap().contains("enough"));
}

/// While the server is away hosts say so at /ready and refuse turns; when it is back, the
/// turn that it had goes on and others run, without a restart of any host.
#[tokio::test]
async fn the_server_may_be_killed() {
    let gate = Arc::new(Semaphore::new(0));
    let fake = held(&gate).await;
    let mut server = RestateServer::start().await;
    let [port] = free_ports().await;
    let arguments = server.arguments(port);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let stage = TestHost::played(&fake, &arguments).await;
    let mut client = stage.client().await;
    let turn = client.run_turn(stage.turn("one")).await.unwrap();
    let turn = Turn::begun(turn.into_inner()).await;
    asked(&fake, 1).await;
    server.kill().await;
    let url = format!("{}/ready", stage.host.http);
    let told = async {
        loop {
            let text = reqwest::get(&url).await.unwrap().text().await.unwrap();
            if text.contains("Restate server") {
                return text;
            }
        }
    };
    let told = timeout(Duration::from_secs(60), told)
        .await
        .expect("/ready says so");
    assert!(told.contains(&server.ingress), "{told}");
    let (status, error) = stage
        .post("/turns", json!({ "text": "two", "when_busy": "refuse" }))
        .await;
    assert!([409, 503].contains(&status), "{error}");
    gate.add_permits(2);
    server.start_again().await;
    assert_eq!(turn.outcome().await, pb::TurnOutcome::Completed);
    stage.ready().await;
    assert_eq!(
        stage.run("two").await.outcome().await,
        pb::TurnOutcome::Completed
    );
    let events = stage.stored().await;
    assert_eq!(ends(&events), ["turn.completed", "turn.completed"]);
    assert_eq!(turns_apart(&events).len(), 2);
}
