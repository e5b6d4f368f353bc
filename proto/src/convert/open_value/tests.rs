#![allow(clippy::unwrap_used)]

use super::*;

fn nested(levels: usize) -> String {
    format!("{}{}", "[".repeat(levels), "]".repeat(levels))
}

/// What the grammar allows is read, and written again as it was.
#[test]
fn allowed_values_are_kept() {
    let texts = [
        "null",
        r#"{"a":[1,-2.5,true,"x"]}"#,
        "-9223372036854775808",
        "18446744073709551615",
        "0.1",
        "1.7976931348623157e308",
        "5e-324",
        "0.30000000000000004",
        r#""\ud83d\ude00 \\ud800 \"""#,
        &nested(VALUE_DEPTH_MAX),
    ];
    for text in texts {
        assert_eq!(check_value("v", text), Ok(()), "{text}");
        let value: Value = serde_json::from_str(text).unwrap();
        let again: Value = serde_json::from_str(&value.to_string()).unwrap();
        assert_eq!(value, again);
    }
    for same in ["1.50", "1E2", "-0", "0e10", "0.10000000000000001"] {
        assert_eq!(check_value("v", same), Ok(()), "{same}");
    }
}

/// What cannot be kept to the digit, to the character or at all is refused, with the
/// field's path, the place and what to send instead.
#[test]
fn other_values_are_refused() {
    let long = "9".repeat(100_000);
    let zeros = format!("1.{}", "0".repeat(500));
    let cases = [
        ("18446744073709551616", "an integer outside"),
        ("-9223372036854775809", "an integer outside"),
        (long.as_str(), "an integer outside"),
        (zeros.as_str(), "more than 400 characters"),
        ("1e400", "a double cannot keep"),
        ("1e-400", "a double cannot keep"),
        ("3.14159265358979323846", "a double cannot keep"),
        ("0.12345678901234565001", "a double cannot keep"),
        ("9007199254740993.0", "a double cannot keep"),
        (r#"["\ud800"]"#, "half of a surrogate pair"),
        (r#"{"\udc00":1}"#, "half of a surrogate pair"),
        (r#""\ud800\u0041""#, "half of a surrogate pair"),
        (&nested(VALUE_DEPTH_MAX + 1), "deeper than 100 levels"),
        (&nested(100_000), "deeper than 100 levels"),
        ("{", "is not one JSON value"),
        ("NaN", "is not one JSON value"),
        ("1 2", "is not one JSON value"),
    ];
    for (text, problem) in cases {
        let error = check_value("event.metadata_json", text).unwrap_err();
        assert_eq!(error.path, "event.metadata_json");
        assert!(error.problem.contains(problem), "{}", error.problem);
    }
    assert!(is_payload(&nested(PAYLOAD_DEPTH_MAX)));
    assert!(!is_payload(&nested(PAYLOAD_DEPTH_MAX + 1)));
}

/// A request names the field however deep it stands.
#[test]
fn requests_name_the_field() {
    use crate::pb;
    let event = pb::NewEvent {
        metadata_json: Some("[1e999]".into()),
        ..pb::NewEvent::default()
    };
    let request = pb::EmitRequest {
        event: Some(event),
        ..pb::EmitRequest::default()
    };
    let error = request.check_values().unwrap_err();
    assert_eq!(error.path, "event.metadata_json");
    assert_eq!(pb::GetAgentRequest::default().check_values(), Ok(()));
}

/// A record that is too deep is kept within the bound, and loses nothing.
#[test]
fn a_deep_record_is_flattened() {
    let deep: Value = serde_json::from_str(&nested(PAYLOAD_DEPTH_MAX + 5)).unwrap();
    let flat = flattened(deep).to_string();
    assert_eq!(check_payload("data_json", &flat), Ok(()));
    assert!(flat.contains(r#""[[[[[]]]]]""#), "{flat}");
    let allowed: Value = serde_json::from_str(&nested(PAYLOAD_DEPTH_MAX)).unwrap();
    assert_eq!(flattened(allowed.clone()), allowed);
}
