//! Payloads of events, by type.

use std::collections::BTreeSet;

use everruns_core::events::{
    Event, EventContext, EventData, EventRequest, SCHEDULE_TRIGGERED, VALID_EVENT_TYPES,
    deserialize_event_data,
};
use everruns_core::typed_id::{EventId, SessionId};
use mortise_proto::convert::event_emitter::{event_from_ack, is_ephemeral};
use mortise_proto::convert::event_log::{LoggedEvent, stored};
use mortise_proto::pb;
use serde_json::{Value, json};

use crate::samples::samples;

/// Every type that upstream knows comes back as its own variant with every field.
/// Guessed from the fields alone, `session.idled` and `session.activated` would be
/// `output.message.started`.
#[test]
fn every_known_type_comes_back_as_itself() {
    let known: BTreeSet<&str> = VALID_EVENT_TYPES
        .iter()
        .copied()
        .filter(|known| *known != SCHEDULE_TRIGGERED)
        .chain(["capability.usage"])
        .collect();
    let sampled: BTreeSet<&str> = samples().iter().map(|(sampled, _)| *sampled).collect();
    assert_eq!(sampled, known);

    for (event_type, json) in samples() {
        let sent = request(event_type, deserialize_event_data(event_type, json.clone()));
        let back = EventRequest::try_from(pb::NewEvent::try_from(&sent).unwrap()).unwrap();
        assert_eq!(back.data.event_type(), event_type);
        assert_eq!(serde_json::to_value(&back.data).unwrap(), json);
    }
}

/// A type that upstream does not know, and a payload that it cannot read, keep
/// their JSON and can be sent again.
#[test]
fn an_unsupported_event_can_be_sent_again() {
    let json = r#"{"big":9007199254740993,"float":1.0,"null":null}"#;
    for event_type in ["vendor.future.type", SCHEDULE_TRIGGERED, "turn.started"] {
        let sent = pb::NewEvent {
            data_json: json.to_string(),
            ..new_event(event_type)
        };
        let read = EventRequest::try_from(sent.clone()).unwrap();
        assert!(
            matches!(&read.data, EventData::Unsupported { event_type: named, .. } if named == event_type)
        );
        assert_eq!(pb::NewEvent::try_from(read).unwrap(), sent);
    }
}

/// Whatever a log holds can be shown: data within the bounds as JSON, any other as the
/// text that is stored. One that can be read looks as upstream writes it.
#[test]
fn every_stored_event_can_be_shown() {
    let shown = |event_type: &str, data_json: &str| {
        let sent = pb::NewEvent {
            data_json: data_json.to_string(),
            metadata_json: Some("[1e400]".into()),
            ..new_event(event_type)
        };
        let logged = LoggedEvent::from(stored(sent, EventId::new(), 7));
        (serde_json::to_value(&logged).unwrap(), logged)
    };
    let deep = format!("{}{}", "[".repeat(121), "]".repeat(121));
    for unreadable in ["{\"a\":\"\\ud800\"}", "1e400", "{", "", deep.as_str()] {
        let (json, logged) = shown("turn.started", unreadable);
        assert_eq!(json["data"], unreadable);
        assert_eq!(json["metadata"], "[1e400]");
        assert_eq!(json["sequence"], 7);
        assert_eq!(logged.into_wire().data_json, unreadable);
    }
    let (json, _) = shown("vendor.future", r#"{"n":18446744073709551615}"#);
    assert_eq!(json["data"], json!({"n": u64::MAX}));

    for (event_type, data) in samples() {
        let sent = request(event_type, deserialize_event_data(event_type, data));
        let stored = stored(sent.try_into().unwrap(), EventId::new(), 7);
        let logged = LoggedEvent::from(stored.clone());
        let event = Event::try_from(stored).unwrap();
        assert_eq!(
            serde_json::to_value(&logged).unwrap(),
            serde_json::to_value(&event).unwrap()
        );
        assert_eq!(logged.turn_id(), event.context.turn_id);
        assert!(logged.typed().is_ok());
    }
}

/// A server stores the JSON that it was sent, byte for byte, and numbers it.
#[test]
fn storing_an_event_leaves_its_json_alone() {
    let sent = pb::NewEvent {
        data_json: r#"{ "b": 1.0, "a": 1e2 }"#.to_string(),
        metadata_json: Some(" null ".to_string()),
        ..new_event("vendor.future.type")
    };
    let event = stored(sent.clone(), EventId::from_seed(7), 3);
    assert_eq!(event.id, EventId::from_seed(7).to_string());
    assert_eq!(event.sequence, 3);
    assert_eq!(
        (event.data_json, event.metadata_json),
        (sent.data_json, sent.metadata_json)
    );

    let metadata = EventRequest::try_from(new_event("turn.started"))
        .unwrap()
        .metadata;
    assert_eq!(metadata, Some(Value::Null));
}

/// The number of an acknowledgement and of a stored event mean the same: 0 is an
/// ephemeral event without one, and what upstream cannot hold is an error.
#[test]
fn sequence_numbers_fit_or_are_refused() {
    for (number, expected) in [
        (0, Ok(None)),
        (1, Ok(Some(1))),
        (i64::from(i32::MAX), Ok(Some(i32::MAX))),
        (i64::from(i32::MAX) + 1, Err("sequence")),
        (-1, Err("sequence")),
        (i64::MIN, Err("sequence")),
    ] {
        let request = EventRequest::try_from(new_event("turn.started")).unwrap();
        let acked = event_from_ack(request, EventId::from_seed(7), number);
        let read = Event::try_from(stored(
            new_event("turn.started"),
            EventId::from_seed(7),
            number,
        ));
        for event in [acked, read] {
            let found = event
                .map(|event| event.sequence)
                .map_err(|error| error.path);
            assert_eq!(found, expected.map_err(str::to_string));
        }
    }
}

/// Upstream and this crate agree on what is ephemeral.
#[test]
fn ephemeral_types_are_upstreams() {
    let mut ephemeral = 0;
    for (event_type, data) in samples() {
        let request = request(event_type, deserialize_event_data(event_type, data));
        assert_eq!(
            is_ephemeral(event_type),
            request.is_ephemeral(),
            "{event_type}"
        );
        ephemeral += usize::from(is_ephemeral(event_type));
    }
    assert_eq!(ephemeral, 5);
    assert!(!is_ephemeral("vendor.future.delta"));
}

fn request(event_type: &str, data: EventData) -> EventRequest {
    let mut request = EventRequest::new(SessionId::from_seed(1), EventContext::empty(), data);
    request.event_type = event_type.to_string();
    request
}

fn new_event(event_type: &str) -> pb::NewEvent {
    pb::NewEvent {
        r#type: event_type.to_string(),
        ts: Some(prost_types::Timestamp::default()),
        session_id: SessionId::from_seed(1).to_string(),
        context: Some(pb::EventContext::default()),
        data_json: json!({}).to_string(),
        metadata_json: Some("null".to_string()),
        tags: None,
    }
}
