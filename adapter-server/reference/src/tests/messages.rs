//! The history of a session.

use super::*;
use chrono::{DateTime, Duration, Utc};
use everruns_core::message::{ContentPart, MessageRole};
use everruns_core::message_filter::{
    ExcludedNoticeTransform, InjectedMessage, MessageFilter, MessageQuery,
};
use everruns_core::message_retriever::MessageRetriever;
use everruns_core::typed_id::MessageId;
use serde_json::Value;
use std::sync::Arc;

/// Ten messages, one second apart: user, agent and tool by turns, and events between
/// them that leave none.
struct History {
    session: SessionId,
    events: Vec<EventId>,
    messages: Vec<Message>,
}

const START: i64 = 1_700_000_000;

fn at(second: i64, nanos: u32) -> DateTime<Utc> {
    DateTime::from_timestamp(START + second, nanos).unwrap()
}

async fn history(adapter: &ScopedReference) -> History {
    let session = new_session(adapter).await;
    let mut events = Vec::new();
    for n in 0..10_i64 {
        let text = format!("Message {n} 100% of_it Straße ΟΔΟΣ");
        let mut emit = match n % 3 {
            0 => input(session, &dated(Message::user(text), n)),
            1 => event(
                session,
                "output.message.completed",
                &json!({"message": dated(Message::assistant(text), n), "usage": null}),
            ),
            _ => event(
                session,
                "tool.completed",
                &json!({"tool_call_id": "c", "tool_name": format!("tool{n}"), "success": true,
                        "status": "success", "result": [{"type": "text", "text": "123"}]}),
            ),
        };
        emit.event.ts = Some(to_timestamp(at(n, 5)));
        let answers = adapter
            .events()
            .append(vec![plain(session), emit, plain(session)])
            .await;
        events.push(answers[1].clone().unwrap().event_id);
    }
    let messages = adapter.messages().load(session).await.unwrap();
    History {
        session,
        events,
        messages,
    }
}

fn dated(mut message: Message, second: i64) -> Message {
    message.created_at = at(second, 5);
    message
}

fn ids(messages: &[Message]) -> Vec<MessageId> {
    messages.iter().map(|message| message.id).collect()
}

/// All messages are there, in order; pages are slices of them; one is found by its id
/// in its own session alone.
#[tokio::test]
async fn whole_pages_and_single() {
    let store = Store::new().await;
    let adapter = store.org1();
    let History {
        session, messages, ..
    } = history(&adapter).await;
    assert_eq!(adapter.messages().count(session).await.unwrap(), 10);
    for (n, message) in messages.iter().enumerate() {
        assert_eq!(message.created_at, at(n as i64, 5));
        let found = adapter
            .messages()
            .get(session, message.id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(json!(found), json!(message));
    }
    for (offset, limit) in [
        (0, 3),
        (3, 3),
        (8, 5),
        (10, 5),
        (99, 1),
        (0, 0),
        (0, usize::MAX),
        (usize::MAX, 1),
    ] {
        let page = adapter
            .messages()
            .load_page(session, offset, limit)
            .await
            .unwrap();
        let slice: Vec<_> = messages.iter().skip(offset).take(limit).cloned().collect();
        assert_eq!(ids(&page), ids(&slice), "{offset} {limit}");
    }
    let other = new_session(&adapter).await;
    assert!(
        adapter
            .messages()
            .get(other, messages[0].id)
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(adapter.messages().count(SessionId::new()).await.unwrap(), 0);
}

/// Each filter, filters together, and the window after them.
#[tokio::test]
async fn filters_and_windows() {
    let store = Store::new().await;
    let adapter = store.org1();
    let History {
        session,
        events,
        messages,
    } = history(&adapter).await;
    let types =
        |types: &[&str]| MessageFilter::EventTypes(types.iter().map(ToString::to_string).collect());
    let time = |from, to| MessageFilter::TimeRange { from, to };
    let search = |text: &str| MessageFilter::Search(text.into());
    let cases: Vec<(Vec<MessageFilter>, Vec<usize>)> = vec![
        (vec![], (0..10).collect()),
        (vec![time(Some(at(3, 5)), Some(at(5, 5)))], vec![3, 4, 5]),
        (vec![time(Some(at(3, 6)), Some(at(5, 4)))], vec![4]),
        (vec![time(Some(at(8, 5)), None)], vec![8, 9]),
        (vec![time(None, Some(at(0, 5)))], vec![0]),
        (
            vec![time(None, DateTime::from_timestamp(200_000_000_000, 0))],
            (0..10).collect(),
        ),
        (
            vec![types(&["input.message", "tool.completed"])],
            vec![0, 2, 3, 5, 6, 8, 9],
        ),
        (vec![types(&[])], vec![]),
        (vec![MessageFilter::ToolName("tool5".into())], vec![5]),
        (vec![MessageFilter::ToolName("tool4".into())], vec![]),
        (vec![search("mESSAGE 4")], vec![4]),
        (vec![search("100%")], vec![0, 1, 3, 4, 6, 7, 9]),
        (vec![search("1%0")], vec![]),
        (vec![search("of_it")], vec![0, 1, 3, 4, 6, 7, 9]),
        (vec![search("of it")], vec![]),
        (vec![search("STRAßE οδος")], vec![0, 1, 3, 4, 6, 7, 9]),
        (vec![search("absent")], vec![]),
        (vec![search("")], (0..10).collect()),
        (
            vec![
                search("message"),
                types(&["input.message"]),
                time(Some(at(3, 0)), None),
            ],
            vec![3, 6, 9],
        ),
        (
            vec![MessageFilter::IncludeIds(vec![
                events[1],
                events[7],
                EventId::new(),
            ])],
            vec![1, 7],
        ),
        (vec![MessageFilter::IncludeIds(vec![])], vec![]),
        (
            vec![MessageFilter::ExcludeIds(events[1..].to_vec())],
            vec![0],
        ),
        (vec![MessageFilter::ExcludeIds(vec![])], (0..10).collect()),
        (
            vec![MessageFilter::Custom(Arc::new(|message| {
                message.role == MessageRole::User
            }))],
            vec![0, 3, 6, 9],
        ),
    ];
    for (filters, passing) in cases {
        for (offset, limit) in [
            (None, None),
            (None, Some(2)),
            (Some(1), None),
            (Some(1), Some(1)),
            (Some(50), Some(1)),
            (Some(-3), Some(0)),
            (None, Some(-1)),
        ] {
            let mut query = MessageQuery::new(session).with_filters(filters.clone());
            (query.offset, query.limit) = (offset, limit);
            let mut expected: Vec<Message> = passing.iter().map(|n| messages[*n].clone()).collect();
            query.apply_windowing(&mut expected);
            let found = adapter.messages().load_filtered(query).await.unwrap();
            assert_eq!(
                ids(&found),
                ids(&expected),
                "{filters:?} {offset:?} {limit:?}"
            );
        }
    }
    let nowhere = MessageQuery::new(SessionId::new());
    assert!(
        adapter
            .messages()
            .load_filtered(nowhere)
            .await
            .unwrap()
            .is_empty()
    );
}

/// The notice counts what the window hid, not what the filters did; injections come
/// last.
#[tokio::test]
async fn notice_and_injections() {
    let store = Store::new().await;
    let adapter = store.org1();
    let History {
        session, messages, ..
    } = history(&adapter).await;
    for filter in [
        MessageFilter::EventTypes(vec!["input.message".into()]),
        MessageFilter::Custom(Arc::new(|message| message.role == MessageRole::User)),
    ] {
        let query = MessageQuery::new(session)
            .with_filter(filter)
            .with_offset(1)
            .with_limit(2)
            .with_prepend_transform(Arc::new(ExcludedNoticeTransform::new("{} hidden")))
            .with_injection(InjectedMessage::at_end(Message::system("end")));
        let found = adapter.messages().load_filtered(query).await.unwrap();
        let texts: Vec<_> = found.iter().filter_map(|message| message.text()).collect();
        assert_eq!((texts[0], texts[3]), ("2 hidden", "end"));
        assert_eq!(ids(&found[1..3]), [messages[6].id, messages[9].id]);
    }
}

/// A query that names more than a database takes is refused with a reason.
#[tokio::test]
async fn a_query_has_a_limit() {
    let store = Store::new().await;
    let session = new_session(&store.org1()).await;
    let many = |count| {
        let ids = (0..count).map(|_| EventId::new()).collect();
        MessageQuery::new(session).with_filter(MessageFilter::ExcludeIds(ids))
    };
    store
        .org1()
        .messages()
        .load_filtered(many(9_000))
        .await
        .unwrap();
    let error = store
        .org1()
        .messages()
        .load_filtered(many(10_001))
        .await
        .unwrap_err();
    assert_eq!(StoreError::from(error).field.as_deref(), Some("filters"));
}

/// What a tool returned becomes the message that the contract describes.
#[tokio::test]
async fn tool_results() {
    let store = Store::new().await;
    let adapter = store.org1();
    let session = new_session(&adapter).await;
    let text = |text: &str| json!({"type": "text", "text": text});
    let image = json!({"type": "image", "base64": "aGk=", "media_type": "image/png"});
    let half = json!({"type": "image", "base64": "aGk="});
    let cases: Vec<(Value, Option<Value>, usize)> = vec![
        (
            json!([text("{\"a\": 9007199254740993}")]),
            Some(json!({"a": 9_007_199_254_740_993_i64})),
            1,
        ),
        (json!([text(" [1]")]), Some(json!([1])), 1),
        (json!([text("123")]), Some(json!("123")), 1),
        (json!([text("{broken")]), Some(json!("{broken")), 1),
        (
            json!([text("a"), text("{}")]),
            Some(json!([text("a"), text("{}")])),
            1,
        ),
        (json!([]), Some(Value::Null), 1),
        (json!([image, text("seen"), half]), Some(json!("seen")), 2),
        (Value::Null, None, 1),
    ];
    for (parts, result, count) in cases {
        let data = json!({"tool_call_id": "call", "tool_name": "look", "success": true,
            "status": "success", "result": parts, "error": "went wrong",
            "tool_call_fingerprint": "f"});
        let ack = append(&adapter, event(session, "tool.completed", &data))
            .await
            .unwrap();
        let id = MessageId::from_uuid(ack.event_id.uuid());
        let message = adapter.messages().get(session, id).await.unwrap().unwrap();
        assert_eq!(message.role, MessageRole::ToolResult);
        assert_eq!(message.content.len(), count);
        let ContentPart::ToolResult(part) = &message.content[0] else {
            panic!("{message:?}");
        };
        assert_eq!(
            (part.tool_call_id.as_str(), &part.result),
            ("call", &result)
        );
        assert_eq!(part.error.is_some(), count == 1, "images drop the error");
        let metadata = message.metadata.unwrap();
        assert_eq!(
            json!(metadata),
            json!({"tool_name": "look", "tool_call_fingerprint": "f"})
        );
    }
    // The time of the event, to the nanosecond.
    let latest = adapter
        .messages()
        .load(session)
        .await
        .unwrap()
        .pop()
        .unwrap();
    assert!(Utc::now() - latest.created_at < Duration::seconds(60));
}
