//! What became of turns, and lists of what an org has, through the host's API alone.

use super::test_host::{TestHost, Turn, played};
use mortise_proto::host as pb;
use mortise_proto::pb as adapter;
use mortise_runtime_host::local::demo;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use mortise_test_support::platform::PlatformFile;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// How long anything may take on a busy machine.
const SOON: Duration = Duration::from_secs(60);

async fn send(method: &str, url: &str, body: Option<Value>) -> (u16, Value) {
    let method = method.parse().unwrap();
    let mut request = reqwest::Client::new().request(method, url);
    if let Some(body) = body {
        request = request.json(&body);
    }
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn get(stage: &TestHost, path: &str) -> Value {
    let (status, answer) = send("GET", &format!("{}{path}", stage.host.http), None).await;
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

async fn turn(stage: &TestHost, turn_id: &str) -> Value {
    let path = format!("/v1/sessions/{}/turns/{turn_id}", stage.session_id);
    get(stage, &path).await
}

fn time(value: &Value) -> chrono::DateTime<chrono::FixedOffset> {
    chrono::DateTime::parse_from_rfc3339(value.as_str().unwrap()).unwrap()
}

/// A model of which the second call fails, and the third is held.
async fn three_fates() -> (Arc<Semaphore>, FakeOpenAi) {
    let gate = Arc::new(Semaphore::new(0));
    let answers = vec![
        Answer::Text(vec!["Here."]),
        Answer::Error(400, "no such model"),
        Answer::Held(gate.clone(), vec!["Never ", "said."]),
    ];
    (gate, FakeOpenAi::start(answers).await)
}

async fn ended(stage: &TestHost, text: &str) -> (String, pb::TurnOutcome) {
    let turn = stage.run(text).await;
    let turn_id = turn.accepted.turn_id.clone();
    (turn_id, turn.outcome().await)
}

/// What became of a turn is known while it runs and when it is over, with times, outcome,
/// error and answer, and the same after a kill of the host.
#[tokio::test]
async fn what_became_of_a_turn_is_known() {
    let (_gate, fake) = three_fates().await;
    let mut stage = TestHost::played(&fake, &[]).await;
    let (completed, outcome) = ended(&stage, "one").await;
    assert_eq!(outcome, pb::TurnOutcome::Completed);
    let (failed, outcome) = ended(&stage, "two").await;
    assert_eq!(outcome, pb::TurnOutcome::Failed);
    let mut held = stage.run("three").await;
    held.until("output.message.started").await;
    let cancelled = held.accepted.turn_id.clone();
    let running = turn(&stage, &cancelled).await;
    assert_eq!(running["status"], "running");
    assert_eq!(running["ended_at"], Value::Null);
    assert_eq!(running["input_message_id"], held.accepted.input_message_id);
    let queued = json!({ "text": "four", "wait": false, "when_busy": "queue" });
    let (_, queued) = stage.post("/turns", queued).await;
    let queued = queued["turn_id"].as_str().unwrap().to_string();
    assert_eq!(turn(&stage, &queued).await["status"], "queued");
    let never = json!({ "turn_id": queued, "reason": "not needed" });
    assert_eq!(stage.post("/cancel", never).await.0, 200);
    let (status, _) = stage.post("/cancel", json!({ "reason": "enough" })).await;
    assert_eq!(status, 200);
    let mut before = Vec::new();
    for killed in [false, true] {
        let mut seen = Vec::new();
        for (turn_id, status) in [
            (&completed, "completed"),
            (&failed, "failed"),
            (&cancelled, "cancelled"),
            (&queued, "cancelled"),
        ] {
            let turn = turn(&stage, turn_id).await;
            assert_eq!(turn["turn_id"], json!(turn_id), "killed: {killed}");
            assert_eq!(turn["status"], status, "{turn}, killed: {killed}");
            assert!(
                time(&turn["started_at"]) <= time(&turn["ended_at"]),
                "{turn}"
            );
            seen.push(turn);
        }
        assert_eq!(seen[0]["error"], Value::Null);
        assert!(seen[0]["llm_call_count"].as_u64() >= Some(1), "{}", seen[0]);
        let answer = seen[0]["output_message_id"].as_str().unwrap();
        let path = format!("/v1/sessions/{}/messages", stage.session_id);
        let messages = get(&stage, &path).await["messages"].clone();
        let is_answer = |message: &&Value| message["id"] == answer;
        assert!(messages.as_array().unwrap().iter().any(|m| is_answer(&m)));
        assert!(seen[1]["error"].as_str().is_some(), "{}", seen[1]);
        assert_eq!(seen[2]["error"], "enough");
        assert_eq!(seen[3]["error"], "not needed");
        assert!(seen[0]["last_sequence"].as_i64() < seen[1]["first_sequence"].as_i64());
        if killed {
            assert_eq!(seen, before);
        }
        before = seen;
        if !killed {
            stage = stage.restart_after_kill().await;
        }
    }
    let request = pb::GetTurnRequest {
        org_id: 1,
        session_id: stage.session_id.to_string(),
        turn_id: failed.clone(),
    };
    let mut client = stage.client().await;
    let over_grpc = client.get_turn(request.clone()).await.unwrap().into_inner();
    let over_grpc = over_grpc.turn.unwrap();
    assert_eq!(over_grpc.status(), pb::TurnStatus::Failed);
    assert_eq!(json!(over_grpc.error), before[1]["error"]);
    for unknown in [
        "turn_00000000000000000000000000000001",
        "turn_01933b5a000070008000000000000001",
    ] {
        let (status, error) = send("GET", &stage.url(&format!("/turns/{unknown}")), None).await;
        assert_eq!(
            (status, &error["error"]["reason"]),
            (404, &json!("TURN_NOT_FOUND")),
            "{error}"
        );
    }
    let elsewhere = pb::GetTurnRequest {
        session_id: stage.another_session().await.to_string(),
        ..request
    };
    let error = client.get_turn(elsewhere).await.unwrap_err();
    assert_eq!(error.code(), tonic::Code::NotFound, "{error}");
}

/// All turns of a session come once and in order, whatever the size of a page; the running
/// one stands last, and a filter leaves out the others.
#[tokio::test]
async fn turns_of_a_session_come_in_pages() {
    let gate = Arc::new(Semaphore::new(0));
    let mut answers = vec![Answer::Text(vec!["Done."]); 4];
    answers.push(Answer::Error(400, "no such model"));
    answers.push(Answer::Held(gate.clone(), vec!["Later."]));
    let fake = FakeOpenAi::start(answers).await;
    let stage = TestHost::played(&fake, &[]).await;
    let mut all = Vec::new();
    for text in ["one", "two", "three", "four", "five"] {
        all.push(ended(&stage, text).await.0);
    }
    let mut held: Turn = stage.run("six").await;
    held.until("output.message.started").await;
    all.push(held.accepted.turn_id.clone());
    for limit in [1, 2, 5, 100] {
        let (mut listed, mut token) = (Vec::new(), String::new());
        loop {
            let path = format!(
                "/v1/sessions/{}/turns?limit={limit}&page_token={token}",
                stage.session_id
            );
            let page = get(&stage, &path).await;
            let turns = page["turns"].as_array().unwrap().clone();
            assert!(turns.len() <= limit, "{turns:?}");
            listed.extend(turns);
            match page["next_page_token"].as_str() {
                Some(next) => token = next.into(),
                None => break,
            }
        }
        let ids: Vec<&str> = listed
            .iter()
            .map(|turn| turn["turn_id"].as_str().unwrap())
            .collect();
        assert_eq!(ids, all, "limit {limit}");
        assert_eq!(listed[4]["status"], "failed");
        assert_eq!(listed[5]["status"], "running");
        for turn in &listed {
            let path = format!(
                "/v1/sessions/{}/turns/{}",
                stage.session_id, turn["turn_id"]
            );
            let alone = get(&stage, &path.replace('"', "")).await;
            assert_eq!(alone["status"], turn["status"]);
            assert_eq!(alone["ended_at"], turn["ended_at"]);
        }
    }
    let mut client = stage.client().await;
    let request = pb::ListTurnsRequest {
        org_id: 1,
        session_id: Some(stage.session_id.to_string()),
        statuses: vec![pb::TurnStatus::Failed.into()],
        limit: 0,
        page_token: String::new(),
    };
    let failed = client
        .list_turns(request.clone())
        .await
        .unwrap()
        .into_inner();
    let ids: Vec<&String> = failed.turns.iter().map(|turn| &turn.turn_id).collect();
    assert_eq!(ids, [&all[4]]);
    // Of the org, those that have not ended.
    let running = get(&stage, "/v1/turns?status=running,queued").await;
    assert_eq!(running["turns"][0]["turn_id"], json!(all[5]));
    let (status, error) = send("GET", &stage.url("/turns?status=done"), None).await;
    assert_eq!((status, &error["error"]["field"]), (400, &json!("status")));
    let (status, error) = send("GET", &stage.url("/turns?page_token=x"), None).await;
    assert_eq!(
        (status, &error["error"]["field"]),
        (400, &json!("page_token"))
    );
    gate.add_permits(64);
    assert_eq!(held.outcome().await, pb::TurnOutcome::Completed);
}

/// Sessions come newest first, each once although others are created meanwhile, and by
/// agent, status and tag.
#[tokio::test]
async fn sessions_come_in_pages() {
    let stage = TestHost::set(&[]).await;
    let mut made = vec![stage.session_id.to_string()];
    for number in 0..4 {
        let mut like = demo::session(1, chrono::Utc::now());
        if number % 2 == 0 {
            like.agent_id = None;
            like.tags = vec!["even".into()];
        }
        made.push(stage.create(like).await.to_string());
    }
    made.reverse();
    let (mut listed, mut token, mut others) = (Vec::new(), String::new(), 0);
    loop {
        let path = format!("/v1/sessions?limit=2&page_token={token}");
        let page = get(&stage, &path).await;
        let sessions = page["sessions"].as_array().unwrap().clone();
        listed.extend(
            sessions
                .iter()
                .map(|one| one["id"].as_str().unwrap().to_string()),
        );
        let Some(next) = page["next_page_token"].as_str() else {
            break;
        };
        token = next.into();
        for _ in 0..3 {
            stage.another_session().await;
            others += 1;
        }
    }
    assert_eq!(listed, made);
    assert!(others >= 6);
    for (filter, count) in [
        ("tag=even", 2),
        (
            &*format!("agent_id={}&limit=1000", demo::agent_id()),
            3 + others,
        ),
        ("status=active", 0),
        ("status=started,idle&tag=even", 2),
        (&*format!("harness_id={}&tag=even", demo::harness_id()), 2),
        ("harness_id=harness_00000000000000000000000000000001", 0),
    ] {
        let page = get(&stage, &format!("/v1/sessions?{filter}")).await;
        assert_eq!(
            page["sessions"].as_array().unwrap().len(),
            count,
            "{filter}"
        );
        assert_eq!(page["next_page_token"], Value::Null, "{filter}");
    }
    let request = pb::ListSessionsRequest {
        org_id: 1,
        limit: 1,
        statuses: vec![adapter::SessionStatus::Started.into()],
        ..Default::default()
    };
    let mut client = stage.client().await;
    let page = client.list_sessions(request).await.unwrap().into_inner();
    assert_eq!(page.sessions.len(), 1);
    assert!(!page.next_page_token.is_empty());
}

/// A session is renamed once for its request id; a deleted one is listed no more, takes no
/// turn, and can still be read, also by its turns.
#[tokio::test]
async fn a_session_is_renamed_and_deleted() {
    let fake = FakeOpenAi::start(vec![Answer::Text(vec!["Done."])]).await;
    let stage = TestHost::played(&fake, &[]).await;
    let (turn_id, _) = ended(&stage, "one").await;
    let url = stage.url("");
    let (status, session) = send("PATCH", &url, Some(json!({ "title": " Mine " }))).await;
    assert_eq!((status, &session["title"]), (200, &json!(" Mine ")));
    let (status, error) = send("PATCH", &url, Some(json!({ "status": "idle" }))).await;
    assert_eq!(
        (status, &error["error"]["reason"]),
        (400, &json!("INVALID_FIELD"))
    );
    let mut client = stage.client().await;
    let rename = |title: &str, key: &str| pb::UpdateSessionRequest {
        org_id: 1,
        session_id: stage.session_id.to_string(),
        title: Some(title.into()),
        request_id: Some(key.into()),
    };
    let first = client.update_session(rename("Ours", "key")).await.unwrap();
    client
        .update_session(rename("Theirs", "other"))
        .await
        .unwrap();
    let again = client.update_session(rename("Ours", "key")).await.unwrap();
    assert_eq!(first.into_inner(), again.into_inner());
    let read = get(&stage, &format!("/v1/sessions/{}", stage.session_id)).await;
    assert_eq!(read["session"]["title"], "Theirs");
    for _ in 0..2 {
        let (status, deleted) = send("DELETE", &url, None).await;
        assert_eq!(status, 200, "{deleted}");
        assert!(deleted["finished_at"].as_str().is_some(), "{deleted}");
    }
    let listed = get(&stage, "/v1/sessions").await;
    assert_eq!(listed["sessions"], json!([]));
    let (status, error) = stage.post("/turns", json!({ "text": "two" })).await;
    assert_eq!(
        (status, &error["error"]["reason"]),
        (409, &json!("SESSION_ARCHIVED"))
    );
    let (status, error) = send("PATCH", &url, Some(json!({ "title": "Late" }))).await;
    assert_eq!(
        (status, &error["error"]["reason"]),
        (409, &json!("SESSION_ARCHIVED"))
    );
    assert_eq!(turn(&stage, &turn_id).await["status"], "completed");
    let nobody = url.replace(
        &stage.session_id.to_string(),
        &format!("session_{:032x}", 7),
    );
    for (method, body) in [("PATCH", Some(json!({ "title": "x" }))), ("DELETE", None)] {
        let (status, error) = send(method, &nobody, body).await;
        assert_eq!(
            (status, &error["error"]["reason"]),
            (404, &json!("SESSION_NOT_FOUND"))
        );
    }
}

/// Agents, harnesses and models are found, page by page and one by one, without what they
/// are told and without keys.
#[tokio::test]
async fn agents_harnesses_and_models_are_found() {
    let fake = FakeOpenAi::start(vec![Answer::Text(vec!["Done."])]).await;
    // The list has the default model first, and those that agents name by their ids.
    let platform = PlatformFile::with(&played(&fake)).agent_with("default_model", &json!("fake"));
    let stage = TestHost::set_up(platform, &[], &[], |_| {}).await;
    let agents = get(&stage, "/v1/agents").await;
    let names = |list: &Value| -> Vec<String> {
        let records = list.as_array().unwrap().iter();
        records
            .map(|one| one["name"].as_str().unwrap().into())
            .collect()
    };
    assert_eq!(names(&agents["agents"]), ["mortise-demo"]);
    let agent = get(&stage, &format!("/v1/agents/{}", demo::agent_id())).await;
    assert_eq!(agent, agents["agents"][0]);
    assert_eq!(
        agent["capabilities"],
        json!(["session_storage", "test_math"])
    );
    let (mut harnesses, mut token) = (Vec::new(), String::new());
    loop {
        let page = get(&stage, &format!("/v1/harnesses?limit=1&page_token={token}")).await;
        harnesses.extend(names(&page["harnesses"]));
        match page["next_page_token"].as_str() {
            Some(next) => token = next.into(),
            None => break,
        }
    }
    assert!(harnesses.is_sorted(), "{harnesses:?}");
    assert!(harnesses.contains(&"mortise-demo".into()), "{harnesses:?}");
    let harness = get(&stage, &format!("/v1/harnesses/{}", demo::harness_id())).await;
    assert_eq!(harness["display_name"], "Mortise demo");
    let models = get(&stage, "/v1/models").await;
    assert_eq!(models["models"][0]["name"], "fake");
    assert_eq!(models["models"][0]["is_default"], true);
    assert_eq!(models["models"][0]["provider_type"], "openai_completions");
    assert_eq!(
        models["models"][0]["model_id"],
        Value::Null,
        "the default one has none"
    );
    let id = models["models"][1]["model_id"].as_str().unwrap();
    let model = get(&stage, &format!("/v1/models/{id}")).await;
    assert_eq!(model["name"], "fake");
    let everything = format!("{agents}{harness}{models}{model}");
    for hidden in [
        "sk-test",
        &fake.base_url,
        "Use your tools",
        "workspace of files",
    ] {
        assert!(!everything.contains(hidden), "{hidden}: {everything}");
    }
    for (path, reason) in [
        (format!("/v1/agents/agent_{:032x}", 9), "AGENT_NOT_FOUND"),
        (
            format!("/v1/harnesses/harness_{:032x}", 9),
            "HARNESS_NOT_FOUND",
        ),
        (format!("/v1/models/model_{:032x}", 9), "MODEL_NOT_FOUND"),
    ] {
        let (status, error) = send("GET", &format!("{}{path}", stage.host.http), None).await;
        assert_eq!((status, &error["error"]["reason"]), (404, &json!(reason)));
    }
}

/// Where a turn waits for tool results, or has been waiting when the host was killed, its
/// start stays where it was.
#[tokio::test]
async fn a_resumed_turn_keeps_its_start() {
    let gate = Arc::new(Semaphore::new(0));
    let held = Answer::Held(gate.clone(), vec!["Later."]);
    let fake = FakeOpenAi::start(vec![held]).await;
    let mut stage = TestHost::played(&fake, &[]).await;
    let mut running = stage.run("one").await;
    running.until("output.message.started").await;
    let turn_id = running.accepted.turn_id.clone();
    let before = turn(&stage, &turn_id).await;
    stage = stage.restart_after_kill().await;
    let resumed = async {
        loop {
            let now = turn(&stage, &turn_id).await;
            if now["status"] == "running" {
                return now;
            }
        }
    };
    let resumed = timeout(SOON, resumed).await.expect("the turn is resumed");
    let moved = time(&resumed["started_at"]) - time(&before["started_at"]);
    assert!(moved <= chrono::TimeDelta::seconds(1), "moved by {moved}");
    assert!(moved >= chrono::TimeDelta::seconds(-1), "moved by {moved}");
    gate.add_permits(64);
    let over = async {
        while turn(&stage, &turn_id).await["status"] != "completed" {
            tokio::task::yield_now().await;
        }
    };
    timeout(SOON, over).await.expect("the turn completes");
}
