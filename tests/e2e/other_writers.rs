//! What other programs have stored over the same adapter: hosts of other versions, importers,
//! tools of operators. No user of a host can store this, so that these tests write over the
//! adapter as such a program does; what becomes of it they see through the host's API.

use crate::host::steer::said;
use crate::host::test_host::{Sse, TestHost, played};
use crate::host::tool_results::{result, with_tool};
use everruns_core::ToolCall;
use everruns_core::events::{
    Event, EventContext, EventData, EventRequest, InputMessageData, OutputMessageCompletedData,
    ToolCompletedData,
};
use everruns_core::message::{ContentPart, Message};
use everruns_core::traits::EventEmitter;
use everruns_core::typed_id::{MessageId, TurnId};
use everruns_runtime::RuntimeHostAdapter;
use mortise_adapter_client::GrpcHostAdapter;
use mortise_proto::convert::session_lease::LeaseRequest;
use mortise_proto::host as pb;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use mortise_test_support::in_process::mesh;
use mortise_test_support::scenario::host_adapter;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Another program over the host's adapter.
async fn program(stage: &TestHost) -> GrpcHostAdapter {
    host_adapter(&mesh(stage.storage())).await.0
}

/// Events that upstream knows no type of, or cannot read the data of.
fn odd() -> [(&'static str, Value); 4] {
    [
        ("vendor.future", json!({"n": u64::MAX, "list": [null, 1.0]})),
        ("schedule.triggered", json!({"schedule": 7})),
        ("turn.started", json!({"turn_id": 7})),
        ("session.idled", json!("gone")),
    ]
}

async fn emit_odd(stage: &TestHost) {
    let emitter = program(stage).await.event_emitter();
    for (event_type, data) in odd() {
        let event = EventRequest {
            event_type: event_type.into(),
            ts: chrono::Utc::now(),
            session_id: stage.session_id,
            context: EventContext::empty(),
            data: EventData::Unsupported {
                event_type: event_type.into(),
                data,
            },
            metadata: None,
            tags: None,
        };
        emitter.emit(event).await.unwrap();
    }
}

/// Events that the host cannot understand are shown with their data as it is stored, by
/// every way of reading; turns of their session run, can be cancelled and go on after a
/// restart.
#[tokio::test]
async fn events_that_nobody_understands_are_shown() {
    let gate = Arc::new(Semaphore::new(0));
    let answers = vec![
        Answer::Text(vec!["Here."]),
        Answer::Held(gate, vec!["Never ", "said."]),
    ];
    let fake = FakeOpenAi::start(answers).await;
    let stage = TestHost::played(&fake, &[]).await;
    emit_odd(&stage).await;

    let page: Value = reqwest::get(stage.url("/events"))
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let mut sse = Sse::open(reqwest::Client::new().get(stage.url("/events"))).await;
    let mut client = stage.client().await;
    let request = pb::ReadEventsRequest {
        org_id: 1,
        session_id: stage.session_id.to_string(),
        after_sequence: 0,
        limit: 0,
    };
    let read = client
        .read_events(request)
        .await
        .unwrap()
        .into_inner()
        .events;
    for (position, (event_type, data)) in odd().into_iter().enumerate() {
        let shown = &page["events"][position];
        assert_eq!(
            (&shown["type"], &shown["data"]),
            (&json!(event_type), &data)
        );
        assert_eq!(shown["sequence"], position + 1);
        let sent = sse.next().await.unwrap();
        assert_eq!((sent.event.as_str(), &sent.data), (event_type, shown));
        let raw: Value = serde_json::from_str(&read[position].data_json).unwrap();
        assert_eq!((read[position].r#type.as_str(), raw), (event_type, data));
    }
    assert_eq!(page["next_after"], 4);

    assert_eq!(
        stage.run("?").await.outcome().await,
        pb::TurnOutcome::Completed
    );
    let mut held = stage.run("again?").await;
    held.until("output.message.started").await;
    emit_odd(&stage).await;
    let (status, done) = stage.post("/cancel", json!({})).await;
    assert_eq!(
        (status, &done["outcome"]),
        (200, &json!("cancelled")),
        "{done}"
    );
    assert_eq!(held.outcome().await, pb::TurnOutcome::Cancelled);
}

/// Sessions whose stored history no provider takes answer again, by whichever writer they were stored: calls
/// without a result, results twice or of no call, messages between, ids that repeat,
/// arguments and names that cannot be sent.
#[tokio::test]
async fn a_dead_session_comes_back_to_life() {
    let fake = FakeOpenAi::start(vec![Answer::Text(vec!["Alive."])]).await;
    let stage = TestHost::played(&fake, &[]).await;
    let emitter = program(&stage).await.event_emitter();
    let context = EventContext::turn(TurnId::new(), MessageId::new());
    let store = async |data: EventData| {
        let stored = EventRequest::new(stage.session_id, context.clone(), data);
        emitter.emit(stored).await.unwrap();
    };
    let call = |id: &str, name: &str, arguments: Value| ToolCall {
        id: id.into(),
        name: name.into(),
        arguments,
    };
    let calls = |calls: Vec<ToolCall>| {
        let message = Message::assistant_with_tools("", calls);
        EventData::from(OutputMessageCompletedData::new(message))
    };
    let user = |text: &str| EventData::from(InputMessageData::new(Message::user(text)));
    let result = |id: &str, text: &str| {
        let content = vec![ContentPart::text(text)];
        let done = ToolCompletedData::success(id.into(), "look".into(), content, None);
        EventData::from(done)
    };
    for data in [
        result("x", "of no call"),
        user("First."),
        calls(vec![
            call("a", "look", json!({})),
            call("b", "look around", json!("{\"cut")),
            call("c", "look", json!([])),
        ]),
        user("Between."),
        result("b", "second"),
        result("a", "first"),
        result("a", "first again"),
        EventData::from(OutputMessageCompletedData::new(Message::assistant(""))),
        calls(vec![
            call("a", "look", json!(null)),
            call("a", "", json!({})),
        ]),
        result("a", "third"),
        result("a", "fourth"),
    ] {
        store(data).await;
    }
    let turn = stage.run("Are you there?").await;
    assert_eq!(turn.outcome().await, pb::TurnOutcome::Completed);
    assert_eq!(fake.refusals(), Vec::<String>::new());
    let said = said(&fake.requests()[0]);
    let roles: Vec<_> = said.iter().map(|(role, _)| role.as_str()).collect();
    let expected = [
        "user",
        "assistant",
        "tool",
        "tool",
        "tool",
        "user",
        "assistant",
        "tool",
        "tool",
        "user",
    ];
    assert_eq!(roles, expected);
    for (at, text) in [
        (2, "first"),
        (3, "second"),
        (5, "Between."),
        (7, "third"),
        (8, "fourth"),
    ] {
        assert!(said[at].1.contains(text), "{at}: {}", said[at].1);
    }
}

/// A host that shared the journal has stored the result of a call, and has written down that
/// its turn goes on, which it does not: the result is sent again, is not stored twice, and
/// the turn goes on.
#[tokio::test]
async fn a_turn_that_another_host_left() {
    let call = Answer::ToolCall("ask_person", json!({}));
    let fake = FakeOpenAi::start(vec![call, Answer::Text(vec!["Blue it is."])]).await;
    let arguments = ["--journal", "adapter"];
    let stage = TestHost::set_with(played(&fake), &arguments, with_tool).await;
    let (_, ended) = stage.run("Which colour?").await.rest().await;
    assert_eq!(ended.outcome(), pb::TurnOutcome::WaitingForToolResults);
    let id = ended.tool_calls[0].id.clone();

    let host = program(&stage).await;
    let request = LeaseRequest {
        holder: "another host".into(),
        address: String::new(),
        ttl: Duration::from_secs(60),
    };
    let leases = host.session_leases().unwrap();
    let held = leases.acquire(stage.session_id, request).await.unwrap();
    let host = host.fenced(held.fence());
    let stored = stage.stored().await;
    let started = |event: &&Event| event.event_type == "turn.started";
    let context = stored.iter().find(started).unwrap().context.clone();
    let content = vec![ContentPart::text("blue")];
    let done = ToolCompletedData::success(id.clone(), "ask_person".into(), content, None);
    let done = EventRequest::new(stage.session_id, context, done);
    host.event_emitter().emit(done).await.unwrap();
    let journal = host.turn_journal().unwrap();
    let turns = journal.list(Some(stage.session_id), false).await.unwrap();
    let turn_id = turns[0].turn_id;
    let left = journal.get(stage.session_id, turn_id).await.unwrap();
    let mut record: Value = serde_json::from_slice(&left.unwrap().1).unwrap();
    record["turn"]["next"] = json!({ "step": "reason" });
    let record = record.to_string().into();
    journal
        .put(stage.session_id, turn_id, record)
        .await
        .unwrap();
    let fence = held.lease.fence;
    leases.release(stage.session_id, fence).await.unwrap();

    let (status, done) = stage
        .post("/tool-results", result(&id, json!("blue")))
        .await;
    assert_eq!((status, &done["resumed"]), (202, &json!(true)), "{done}");
    while stage.count("session.idled").await < 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(stage.count("tool.completed").await, 1);
    assert_eq!(stage.count("turn.completed").await, 1);
    assert!(fake.requests().pop().unwrap().to_string().contains("blue"));
}
