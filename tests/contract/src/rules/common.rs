//! What the rules of several services do alike.

use crate::check::{Outcome, broken, different, same};
use crate::context::{Cx, described};
use crate::vectors::VECTORS;
use mortise_proto::pb::ErrorReason;
use mortise_proto::rpc::Scoped;
use mortise_proto::{Rpc, StoreError};
use prost::Message;
use prost_types::Timestamp;
use std::fmt::Debug;
use std::time::Duration;

/// Sends a change three times under one request id, the second and third as after a lost
/// reply, and wants one answer.
pub(crate) async fn repeated<Req, Rsp>(cx: &Cx, rpc: &Rpc<Req, Rsp>, request: Req) -> Outcome<Rsp>
where
    Req: Scoped + Message + Clone + Debug + Send + Sync + 'static,
    Rsp: Message + Default + PartialEq + Debug + Send + Sync + 'static,
{
    let cx = cx.repeating();
    let first = cx.call(rpc, request.clone()).await?;
    let again = cx.call(rpc, request.clone()).await?;
    same(
        "the answer to the same request_id sent again",
        &again,
        &first,
    )?;
    let elsewhere = cx.over_new_connection().call(rpc, request).await?;
    same(
        "the answer to the same request_id over another connection",
        &elsewhere,
        &first,
    )?;
    Ok(first)
}

/// Sends a change and goes away before its answer can come, several times, each a little
/// later; then sends it once more under the same request id and gives back that answer.
pub(crate) async fn lost_reply<Req, Rsp>(cx: &Cx, rpc: &Rpc<Req, Rsp>, request: Req) -> Outcome<Rsp>
where
    Req: Scoped + Message + Clone + Debug + Send + Sync + 'static,
    Rsp: Message + Default + Debug + Send + Sync + 'static,
{
    let cx = cx.repeating();
    for micros in [0, 100, 300, 1_000, 3_000] {
        let gone = cx.with_patience(Duration::from_micros(micros));
        // Whether it was answered in time or given up: the caller has forgotten it.
        drop(gone.attempt(rpc, request.clone()).await);
    }
    cx.call(rpc, request).await
}

/// A malformed value of a field is refused as such, whatever else the request holds.
pub(crate) async fn refused_as_invalid<Req, Rsp>(
    cx: &Cx,
    rpc: &Rpc<Req, Rsp>,
    request: Req,
) -> Outcome
where
    Req: Scoped + Message + Debug + Send + Sync + 'static,
    Rsp: Message + Default + Debug + Send + Sync + 'static,
{
    let error = cx.refused(rpc, request).await?;
    let is_invalid = error.reason == Some(ErrorReason::InvalidField)
        && error.code == tonic::Code::InvalidArgument;
    match is_invalid {
        true => Ok(()),
        false => broken(
            rpc.method.short_name(),
            "INVALID_ARGUMENT (INVALID_FIELD)",
            described(&error),
        ),
    }
}

/// Two times are in order: `later` is not before `earlier`.
pub(crate) fn not_before(
    what: &str,
    later: Option<&Timestamp>,
    earlier: Option<&Timestamp>,
) -> Outcome {
    let key = |time: Option<&Timestamp>| time.map(|time| (time.seconds, time.nanos));
    match key(later) >= key(earlier) && later.is_some() {
        true => Ok(()),
        false => broken(
            what,
            format!("at or after {earlier:?}"),
            format!("{later:?}"),
        ),
    }
}

/// A time has moved on.
pub(crate) fn moved_on(
    what: &str,
    later: Option<&Timestamp>,
    earlier: Option<&Timestamp>,
) -> Outcome {
    not_before(what, later, earlier)?;
    different(what, &later, &earlier)
}

/// Texts that stores damage: control characters, scripts, line ends, what looks like SQL,
/// paths or JSON.
pub(crate) fn awkward_texts() -> Vec<String> {
    VECTORS.texts.iter().map(|one| one.text.clone()).collect()
}

/// JSON that careless servers change: integers beyond 2^53, null, empty, non-ASCII keys.
pub(crate) const AWKWARD_JSON: &str = "{\"big\":9007199254740993,\"empty\":{},\"float\":1.0,\"int\":1,\
     \"list\":[],\"min\":-9223372036854775808,\"nested\":{\"null\":null},\"null\":null,\
     \"u64\":18446744073709551615,\"ключ\":\"значение\"}";

/// Two JSON texts say the same, numbers to the last digit.
pub(crate) fn same_json(what: &str, got: &str, expected: &str) -> Outcome {
    let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text);
    match (parse(got), parse(expected)) {
        (Ok(one), Ok(other)) if one == other => Ok(()),
        (Ok(_) | Err(_), Ok(_) | Err(_)) => broken(what, expected, got),
    }
}

/// A call fails as a store's failure whose text holds a word that the host looks for.
pub(crate) async fn refused_saying<Req, Rsp>(
    cx: &Cx,
    rpc: &Rpc<Req, Rsp>,
    request: Req,
    word: &str,
) -> Outcome
where
    Req: Scoped + Message + Debug + Send + Sync + 'static,
    Rsp: Message + Default + Debug + Send + Sync + 'static,
{
    let error = cx.refused(rpc, request).await?;
    let holds = error.reason == Some(ErrorReason::Store)
        && error.message.to_lowercase().contains(&word.to_lowercase());
    match holds {
        true => Ok(()),
        false => broken(
            format!("the error of {}", rpc.method.short_name()),
            format!("STORE with a text that contains `{word}`"),
            described(&error),
        ),
    }
}

/// Ids of sessions that are none.
pub(crate) const MALFORMED_SESSIONS: [&str; 4] = [
    "",
    "session_1",
    "agent_00000000000000000000000000000001",
    "session_0000000000000000000000000000000A",
];

/// The states of the standard health service that rules tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
#[repr(i32)]
pub(crate) enum HealthStatus {
    Unknown = 0,
    /// SERVING.
    Up = 1,
    /// NOT_SERVING.
    Down = 2,
}

/// The answer to a health check.
#[derive(Clone, PartialEq, Message)]
struct Health {
    #[prost(enumeration = "HealthStatus", tag = "1")]
    status: i32,
}

/// What the standard health service says of the whole server.
pub(crate) async fn health(cx: &Cx) -> Result<HealthStatus, StoreError> {
    let path = "/grpc.health.v1.Health/Check";
    let answer = cx.raw(path, bytes::Bytes::new()).await?;
    Ok(Health::decode(answer).unwrap_or_default().status())
}
