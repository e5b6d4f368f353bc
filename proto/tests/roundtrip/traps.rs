//! Where upstream's own JSON or text loses something, or a naive wire would.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use everruns_core::agent::Agent;
use everruns_core::mcp_server::{McpServerAuthMode, ScopedMcpServer};
use everruns_core::message::{Message, ToolCallContentPart, ToolResultContentPart};
use everruns_core::message_filter::MessageFilter;
use everruns_core::session::{Session, SessionStatus};
use everruns_core::session_file::SessionFile;
use everruns_core::tool_types::{BuiltinTool, ToolHints};
use mortise_proto::convert::message_retriever::to_filter;
use mortise_proto::convert::session_file_system::{join, split};
use mortise_proto::convert::{
    ConvertError, enumeration, nested, timestamp, to_timestamp, wire_enum,
};
use mortise_proto::error::Outcome;
use mortise_proto::pb::ErrorReason;
use mortise_proto::{StoreError, pb};
use prost::Message as _;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::tape::{Arb, Tape};

fn bare<T: Arb>() -> T {
    Tape::new(&[]).make()
}

/// Two enums whose JSON and Display differ upstream keep their value.
#[test]
fn enums_with_two_spellings_keep_their_value() {
    let status = pb::SessionStatus::from(SessionStatus::WaitingForToolResults);
    assert_eq!(
        status.as_str_name(),
        "SESSION_STATUS_WAITING_FOR_TOOL_RESULTS"
    );
    let back = enumeration::<pb::SessionStatus, SessionStatus>("status", status.into());
    assert_eq!(back, Ok(SessionStatus::WaitingForToolResults));

    let server = ScopedMcpServer {
        auth_mode: McpServerAuthMode::OAuth,
        ..ScopedMcpServer::default()
    };
    let wire = pb::ScopedMcpServer::from(server.clone());
    assert_eq!(wire.auth_mode(), pb::McpAuthMode::Oauth);
    assert_eq!(ScopedMcpServer::try_from(wire), Ok(server));
}

/// An enum that only the wire has is refused like any other.
#[test]
fn a_wire_enum_is_named() {
    let parse = wire_enum::<pb::TurnContextPart>;
    assert_eq!(parse("parts[0]", 2), Ok(pb::TurnContextPart::Model));
    for (number, found) in [(0, "is unspecified (0)"), (99, "is 99"), (-1, "is -1")] {
        let error = parse("parts[0]", number).unwrap_err();
        assert_eq!(error.path, "parts[0]");
        assert!(error.problem.starts_with(found), "{error}");
        assert!(error.problem.contains("TurnContextPart"), "{error}");
    }
}

/// A JSON null is not the absence of a value: the model is shown "null" for one and
/// "{}" for the other.
#[test]
fn a_null_is_not_absent() {
    for result in [Some(Value::Null), Some(json!({})), None] {
        let part = ToolResultContentPart::new("call", result, None);
        let back = ToolResultContentPart::try_from(pb::ToolResultPart::from(part.clone()));
        assert_eq!(back, Ok(part));
    }
    for config in [Some(Value::Null), None] {
        let session = Session {
            blueprint_config: config.clone(),
            ..bare()
        };
        let back = Session::try_from(pb::Session::from(session)).unwrap();
        assert_eq!(back.blueprint_config, config);
    }
}

/// Absent and empty stay apart wherever upstream keeps them apart.
#[test]
fn empty_is_not_absent() {
    let session = Session {
        title: Some(String::new()),
        hints: Some(HashMap::new()),
        max_iterations: Some(0),
        ..bare()
    };
    let back = Session::try_from(pb::Session::from(session)).unwrap();
    assert_eq!((back.title.as_deref(), back.locale), (Some(""), None));
    assert_eq!(
        (back.hints, back.max_iterations),
        (Some(HashMap::new()), Some(0))
    );
}

/// What upstream leaves out of its JSON crosses: the internal id, for which absent
/// is the nil UUID, and the whole schema of a tool whose schema is a stub.
#[test]
fn fields_that_upstream_skips_cross() {
    for internal_id in [Uuid::nil(), Uuid::from_u128(7)] {
        let agent = Agent {
            internal_id,
            ..bare()
        };
        let wire = pb::Agent::from(agent);
        assert_eq!(wire.internal_id.is_none(), internal_id.is_nil());
        assert_eq!(Agent::try_from(wire).unwrap().internal_id, internal_id);
    }
    let tool = BuiltinTool {
        full_parameters: Some(json!({"type": "object"})),
        hints: ToolHints::default(),
        ..bare()
    };
    let wire = pb::BuiltinTool::from(tool.clone());
    assert_eq!(wire.hints, None);
    let back = BuiltinTool::try_from(wire).unwrap();
    assert_eq!(back.full_parameters, tool.full_parameters);
    assert!(back.hints.is_empty());
}

/// Numbers that a double cannot hold, and the difference between 1 and 1.0, survive
/// as JSON text.
#[test]
fn numbers_survive_as_text() {
    let arguments = json!({
        "big": 9_007_199_254_740_993_u64, "least": i64::MIN, "most": u64::MAX, "one": 1,
        "float": 1.0, "tenth": 0.1, "near": 0.300_000_000_000_000_04, "limit": 5,
    });
    let part = ToolCallContentPart::new("call", "t", arguments.clone());
    let wire = pb::ToolCallPart::from(part);
    for text in [
        "9007199254740993",
        "-9223372036854775808",
        "18446744073709551615",
        "\"float\":1.0",
    ] {
        assert!(
            wire.arguments_json.contains(text),
            "{}",
            wire.arguments_json
        );
    }
    let back = ToolCallContentPart::try_from(wire).unwrap().arguments;
    assert_eq!(back, arguments);
    assert_eq!(back["limit"].as_u64(), Some(5));
    assert!(back["float"].is_f64());
}

/// Equal maps are equal bytes, in whatever order they were filled.
#[test]
fn maps_have_one_order() {
    let keys = || (0..64).map(|number| format!("key-{number}"));
    let bytes = |entries: HashMap<String, Value>| {
        let message = Message {
            metadata: Some(entries),
            ..bare()
        };
        pb::Message::from(message).encode_to_vec()
    };
    let forwards = keys().map(|key| (key, json!({"b": 1, "a": 2}))).collect();
    let backwards = keys()
        .rev()
        .map(|key| (key, json!({"a": 2, "b": 1})))
        .collect();
    assert_eq!(bytes(forwards), bytes(backwards));
}

/// A filter that is code stays with the caller.
#[test]
fn a_custom_filter_does_not_cross() {
    assert_eq!(to_filter(MessageFilter::Custom(Arc::new(|_| true))), None);
}

/// A leap second, which chrono has and protobuf has not, is the second after it.
#[test]
fn a_leap_second_is_the_next_second() {
    let day = NaiveDate::from_ymd_opt(2016, 12, 31).unwrap();
    let leap = day
        .and_hms_nano_opt(23, 59, 59, 1_500_000_000)
        .unwrap()
        .and_utc();
    let sent = to_timestamp(leap);
    assert_eq!(sent.nanos, 500_000_000);
    let next: DateTime<Utc> = "2017-01-01T00:00:00.5Z".parse().unwrap();
    assert_eq!(timestamp("ts", Some(sent)), Ok(next));
}

/// The header decides whether a file has content; one that contradicts what follows
/// is refused.
#[test]
fn a_header_and_its_content_agree() {
    let with_content = |has_content| pb::ReadFileHeader {
        has_content,
        ..split(bare::<SessionFile>()).0
    };
    let text = |text: &str| Some(text.to_string());
    let content = |header, chunks| join(header, chunks).map(|file| file.content);
    assert_eq!(content(with_content(true), None), Ok(text("")));
    assert_eq!(content(with_content(true), text("a")), Ok(text("a")));
    assert_eq!(content(with_content(false), None), Ok(None));
    assert_eq!(content(with_content(false), text("")), Ok(None));
    let error = content(with_content(false), text("a")).unwrap_err();
    assert_eq!(error.path, "has_content");
}

/// An error names the whole path, the value and the remedy, as a server says it of
/// a request and as a client says it of a response.
#[test]
fn an_error_names_path_value_and_remedy() {
    let mut wire = pb::Session::from(bare::<Session>());
    let tool = pb::BuiltinTool {
        parameters_json: "{".to_string(),
        ..bare::<BuiltinTool>().into()
    };
    let kind = pb::tool_definition::Kind::Builtin(tool);
    wire.tools = vec![pb::ToolDefinition { kind: Some(kind) }];
    let request = pb::PutSessionRequest {
        session: Some(wire),
        ..Default::default()
    };
    let error = nested::<_, Session>("session", request.session).unwrap_err();
    let path = "session.tools[0].builtin.parameters_json";
    assert_eq!(error.path, path);
    assert_eq!(
        error.to_string(),
        format!(
            "{path}: is \"{{\"; send one JSON value, such as {{}} or null \
             (EOF while parsing an object at line 1 column 1)"
        )
    );

    let refused = StoreError::from(error.clone());
    assert_eq!(refused.reason, Some(ErrorReason::InvalidField));
    assert_eq!(refused.field.as_deref(), Some(path));
    assert_eq!(refused.message, error.to_string());

    let malformed = error.clone().malformed("the answer to GetSession");
    assert_eq!(malformed.reason, Some(ErrorReason::Malformed));
    assert_eq!(malformed.outcome, Outcome::Applied);
    assert_eq!(
        malformed.message,
        format!("the answer to GetSession cannot be read: {error}")
    );
}

/// A wrong value is repeated in part when it is long.
#[test]
fn a_long_value_is_cut() {
    let error = mortise_proto::convert::json("arguments_json", &"ü".repeat(1000)).unwrap_err();
    assert!(error.problem.contains("... (2000 bytes)"), "{error}");
    assert!(error.problem.len() < 300, "{error}");
    assert_eq!(
        ConvertError::new("", "p").within("[1]").within("a"),
        ConvertError::new("a[1]", "p")
    );
}
