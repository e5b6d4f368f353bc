//! Storing events.

use super::*;
use everruns_core::events::{EventContext, EventRequest, InputMessageData};
use everruns_core::message_retriever::MessageRetriever;
use everruns_core::traits::{EventEmitter, SessionMutator};
use mortise_proto::error::Outcome;
use mortise_proto::pb::ErrorReason;
use mortise_proto::rpc::table::event_emitter_service::EMIT;
use mortise_proto::rpc::table::session_mutator_service::UPDATE_SESSION_TITLE;

/// However many emit at once, a session's sequence numbers have no gap and its events
/// are read in their order.
#[tokio::test(flavor = "multi_thread")]
async fn sequences_have_no_gaps() {
    for reference in [Store::new().await.reference, in_memory().await] {
        let adapter = adapter(&reference, 1);
        let mut sessions = Vec::new();
        for _ in 0..4 {
            sessions.push(new_session(&adapter).await);
        }
        let emits = (0..64).map(|n| {
            let (adapter, session) = (adapter.clone(), sessions[n % 4]);
            tokio::spawn(async move {
                let mut acks = Vec::new();
                for _ in 0..8 {
                    acks.push(append(&adapter, plain(session)).await.unwrap());
                }
                (session, acks)
            })
        });
        let mut by_session = std::collections::HashMap::<_, Vec<_>>::new();
        for emit in futures::future::join_all(emits).await {
            let (session, acks) = emit.unwrap();
            assert!(
                acks.is_sorted_by_key(|ack| ack.sequence),
                "order of one emitter"
            );
            by_session.entry(session).or_default().extend(acks);
        }
        for (session, mut acks) in by_session {
            acks.sort_by_key(|ack| ack.sequence);
            let sequences: Vec<i64> = acks.iter().map(|ack| ack.sequence).collect();
            assert_eq!(sequences, (1..=128).collect::<Vec<i64>>());
            let read = adapter.events().read(session, 0, 1000).await.unwrap();
            let read: Vec<_> = read.iter().map(|event| event.id.clone()).collect();
            let acked: Vec<_> = acks.iter().map(|ack| ack.event_id.to_string()).collect();
            assert_eq!(read, acked);
        }
    }
}

/// A repeated request gets the first answer, also within one group, and leaves
/// neither a second event nor a second message.
#[tokio::test]
async fn a_repeated_emit_happens_once() {
    let store = Store::new().await;
    let adapter = store.org1();
    let session = new_session(&adapter).await;
    let emit = input(session, &Message::user("hello"));
    let group = vec![emit.clone(), plain(session), emit.clone()];
    let answers = adapter.events().append(group).await;
    assert_eq!(answers[0], answers[2]);
    assert_eq!(append(&adapter, emit.clone()).await, answers[0]);
    // With another payload too: the id says that it is the same.
    let mut other = plain(session);
    other.request_id = emit.request_id;
    assert_eq!(append(&adapter, other).await, answers[0]);
    assert_eq!(
        adapter.events().read(session, 0, 10).await.unwrap().len(),
        2
    );
    assert_eq!(adapter.messages().count(session).await.unwrap(), 1);
}

/// One id for two different changes is refused, whichever came first.
#[tokio::test]
async fn an_id_belongs_to_one_method() {
    let store = Store::new().await;
    let session = new_session(&store.org1()).await;
    let titled = store.call(UPDATE_SESSION_TITLE.method, "one");
    titled
        .session_changes()
        .update_session_title(session, "t".into())
        .await
        .unwrap();
    let mut emit = plain(session);
    emit.request_id = "one".into();
    let error = append(&store.org1(), emit).await.unwrap_err();
    assert_eq!(error.reason, Some(ErrorReason::RequestIdReused));

    let mut emit = plain(session);
    emit.request_id = "two".into();
    append(&store.org1(), emit).await.unwrap();
    let titled = store.call(UPDATE_SESSION_TITLE.method, "two");
    let error = titled
        .session_changes()
        .update_session_title(session, "u".into())
        .await
        .unwrap_err();
    let error = StoreError::from(error);
    assert_eq!(error.reason, Some(ErrorReason::RequestIdReused));
    assert_eq!(error.field.as_deref(), Some("context.request_id"));
}

/// An event whose request id is its own id is found by it when it comes again: nothing else
/// is remembered of it, and the id is no other change's.
#[tokio::test]
async fn the_id_of_an_event_is_its_key() {
    let store = Store::new().await;
    let adapter = store.org1();
    let session = new_session(&adapter).await;
    let id = EventId::new();
    let mut emit = input(session, &Message::user("hello"));
    emit.request_id = id.uuid().to_string();
    emit.proposed_id = Some(id);
    let group = vec![emit.clone(), plain(session), emit.clone()];
    let answers = adapter.events().append(group).await;
    assert_eq!(answers[0].as_ref().unwrap().event_id, id);
    assert_eq!(answers[0], answers[2]);
    assert_eq!(append(&adapter, emit.clone()).await, answers[0]);
    let mut everything = store.reference.inner.db.read_all_orgs().await.unwrap();
    let replies = everything.query_as("SELECT count(*) FROM replies");
    let (replies,): (i64,) = replies.fetch_one().await.unwrap();
    assert_eq!(replies, 1);
    drop(everything);

    let titled = store.call(UPDATE_SESSION_TITLE.method, &emit.request_id);
    let titles = titled.session_changes();
    let titled = titles.update_session_title(session, "t".into()).await;
    let error = StoreError::from(titled.unwrap_err());
    assert_eq!(error.reason, Some(ErrorReason::RequestIdReused));
    emit.request_id = EventId::new().to_string();
    let error = append(&adapter, emit).await.unwrap_err();
    assert_eq!(error.field.as_deref(), Some("proposed_event_id"));
    assert_eq!(adapter.messages().count(session).await.unwrap(), 1);
}

/// What cannot be stored is answered with its own error and keeps nothing else out;
/// of it neither event nor message is left, and the same request may try again.
#[tokio::test]
async fn a_bad_event_stands_alone() {
    let store = Store::new().await;
    let adapter = store.org1();
    let session = new_session(&adapter).await;
    let nowhere = SessionId::new();
    let message = Message::user("twice");
    let with = |change: &dyn Fn(&mut pb::NewEvent)| {
        let mut bad = plain(session);
        change(&mut bad.event);
        bad
    };
    let group = vec![
        plain(session),
        plain(nowhere),
        with(&|event| event.data_json = "{".into()),
        with(&|event| event.metadata_json = Some("nul".into())),
        with(&|event| event.ts = None),
        with(&|event| event.session_id = "session_1".into()),
        with(&|event| event.r#type = String::new()),
        with(&|event| event.context.as_mut().unwrap().turn_id = Some("t".into())),
        event(
            session,
            "input.message",
            &json!({"message": {"role": "user"}}),
        ),
        event(session, "tool.completed", &json!({"tool_name": "x"})),
        input(session, &message),
        input(session, &message),
        plain(session),
    ];
    let answers = adapter.events().append(group).await;
    let seen: Vec<_> = answers
        .iter()
        .map(|answer| match answer {
            Ok(ack) => format!("{}", ack.sequence),
            Err(error) => {
                assert_eq!(error.outcome, Outcome::NotApplied, "{error}");
                error.field.clone().unwrap_or_else(|| error.message.clone())
            }
        })
        .collect();
    let expected = [
        "1".to_string(),
        format!("Session not found: {nowhere}"),
        "event.data_json".into(),
        "event.metadata_json".into(),
        "event.ts".into(),
        "event.session_id".into(),
        "event.type".into(),
        "event.context.turn_id".into(),
        "event.data_json".into(),
        "event.data_json".into(),
        "2".into(),
        format!("message already exists: {}", message.id),
        "3".into(),
    ];
    assert_eq!(seen, expected);
    assert_eq!(
        adapter.events().read(session, 0, 10).await.unwrap().len(),
        3
    );
    assert_eq!(adapter.messages().count(session).await.unwrap(), 1);
}

/// A payload is private: an error says what is wrong with it, where, and nothing of
/// what it holds.
#[tokio::test]
async fn errors_do_not_repeat_the_payload() {
    let store = Store::new().await;
    let session = new_session(&store.org1()).await;
    for (data, words) in [
        (
            json!({"message": {"role": "private"}}),
            "is not the payload of input.message",
        ),
        (
            json!({"message": "private"}),
            "is not the payload of input.message, at line 1",
        ),
        (json!({"private": 1}), "missing field `message`"),
    ] {
        let error = append(&store.org1(), event(session, "input.message", &data)).await;
        let text = format!("{:?}", error.unwrap_err());
        assert!(text.contains(words) && !text.contains("private"), "{text}");
    }
    let mut broken = plain(session);
    broken.event.data_json = "{\n \"a\": private".into();
    let text = append(&store.org1(), broken).await.unwrap_err().message;
    assert!(
        text.contains("is not one JSON value, at line 2 column 7") && !text.contains("private"),
        "{text}"
    );
}

/// Events of unknown types are kept to the byte, with what is optional
/// present, empty or absent as it was.
#[tokio::test]
async fn events_are_kept_as_they_came() {
    let store = Store::new().await;
    let adapter = store.org1();
    let session = new_session(&adapter).await;
    let mut odd = plain(session);
    odd.event.r#type = "future.thing".into();
    odd.event.ts = Some(to_timestamp(
        chrono::DateTime::from_timestamp(-5_000_000_000, 7).unwrap(),
    ));
    odd.event.data_json = " { \"b\": 9007199254740993, \"a\": 1.0, \"b\":null } ".into();
    odd.event.metadata_json = Some("null".into());
    odd.event.tags = Some(pb::EventTags::default());
    let proposed = EventId::new();
    odd.proposed_id = Some(proposed);
    let ack = append(&adapter, odd.clone()).await.unwrap();
    assert_eq!(
        ack,
        AppendAck {
            event_id: proposed,
            sequence: 1
        }
    );
    let read = adapter.events().read(session, 0, 10).await.unwrap();
    let stored = mortise_proto::convert::event_log::stored(odd.event, proposed, 1);
    assert_eq!(read, [stored]);
    // The id is taken now, by this request alone.
    let mut thief = plain(session);
    thief.proposed_id = Some(proposed);
    let error = append(&adapter, thief).await.unwrap_err();
    assert_eq!(error.field.as_deref(), Some("proposed_event_id"));
    assert_eq!(adapter.events().read(session, 1, 10).await.unwrap(), []);
}

/// Followers hear every event of their session, stored and ephemeral, in order and once;
/// repetitions and events of other sessions and orgs they do not hear.
#[tokio::test]
async fn followers_hear_what_is_stored() {
    let store = Store::new().await;
    let adapter = store.org1();
    let session = new_session(&adapter).await;
    let other = super::adapter(&store.reference, 2);
    let theirs = new_session(&other).await;
    let mut feed = adapter.events().subscribe(session).live;
    let beside = new_session(&adapter).await;
    let delta = || event(session, "output.message.delta", &json!({"delta": "x"}));
    let mut first = plain(session);
    first.proposed_id = Some(EventId::new());
    let group = vec![delta(), first.clone(), delta(), plain(session), delta()];
    let acks: Vec<_> = adapter
        .events()
        .append(group)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    append(&adapter, first).await.unwrap();
    append(&other, plain(theirs)).await.unwrap();
    append(&adapter, plain(beside)).await.unwrap();
    let alone = append(&adapter, delta()).await.unwrap();
    let sequences: Vec<i64> = acks.iter().map(|ack| ack.sequence).collect();
    assert_eq!(sequences, [0, 1, 0, 2, 0]);
    for ack in acks.into_iter().chain([alone]) {
        let heard = feed.try_recv().unwrap();
        assert_eq!(
            (heard.id.clone(), heard.sequence),
            (ack.event_id.to_string(), ack.sequence)
        );
    }
    assert!(feed.try_recv().is_err());
    assert_eq!(
        adapter.events().read(session, 0, 10).await.unwrap().len(),
        2
    );
    let lost = event(SessionId::new(), "output.message.delta", &json!({}));
    assert!(append(&adapter, lost).await.is_err());
}

/// The trait's own emitter takes the same way.
#[tokio::test]
async fn the_emitter_stores_too() {
    let store = Store::new().await;
    let session = new_session(&store.org1()).await;
    let message = Message::user("typed");
    let request = EventRequest::new(
        session,
        EventContext::empty(),
        InputMessageData::new(message.clone()),
    );
    let emitter = store.call(EMIT.method, "typed");
    let stored = emitter.events().emit(request.clone()).await.unwrap();
    assert_eq!((stored.sequence, stored.ts), (Some(1), request.ts));
    assert_eq!(
        emitter.events().emit(request.clone()).await.unwrap().id,
        stored.id
    );
    let loaded = store
        .org1()
        .messages()
        .get(session, message.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(loaded.created_at, message.created_at);
    let lost = EventRequest {
        session_id: SessionId::new(),
        ..request
    };
    let error = store
        .org1()
        .events()
        .emit(lost)
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("Session not found"), "{error}");
}
