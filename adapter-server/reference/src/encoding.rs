//! Records as they are stored, and the clock.

use chrono::{DateTime, Utc};
use mortise_proto::StoreError;
use mortise_proto::convert::ConvertError;
use mortise_proto::pb::ErrorReason;
use prost::Message;

/// A stored message.
pub(crate) fn decoded<W: Message + Default>(body: &[u8]) -> Result<W, StoreError> {
    W::decode(body).map_err(|fault| corrupt_row(&fault.to_string()))
}

/// The upstream form of a stored message.
pub(crate) fn domain<W, D>(body: &[u8]) -> Result<D, StoreError>
where
    W: Message + Default,
    D: TryFrom<W, Error = ConvertError>,
{
    D::try_from(decoded(body)?).map_err(stored_fault)
}

/// The upstream forms of stored messages.
pub(crate) fn domains<W, D>(rows: &[(Vec<u8>,)]) -> Result<Vec<D>, StoreError>
where
    W: Message + Default,
    D: TryFrom<W, Error = ConvertError>,
{
    rows.iter().map(|(body,)| domain::<W, D>(body)).collect()
}

/// A text that is stored as bytes; `what` names it.
pub(crate) fn text(bytes: Vec<u8>, what: &str) -> Result<String, StoreError> {
    String::from_utf8(bytes).map_err(|_| corrupt_row(&format!("{what} is not UTF-8")))
}

/// A fault in what is stored is not the caller's.
pub(crate) fn stored_fault(fault: ConvertError) -> StoreError {
    corrupt_row(&fault.to_string())
}

/// A row that this build cannot read.
pub(crate) fn corrupt_row(what: &str) -> StoreError {
    StoreError::new(
        ErrorReason::Store,
        format!("a stored record is unreadable: {what}"),
    )
}

/// Nanoseconds since 1970. Times that the number cannot hold (before 1677, after
/// 2262) become the nearest that it can; records keep the exact time in their body.
pub(crate) fn nanos(time: DateTime<Utc>) -> i64 {
    time.timestamp_nanos_opt()
        .unwrap_or(if time.timestamp() < 0 {
            i64::MIN
        } else {
            i64::MAX
        })
}

/// The time of nanoseconds since 1970.
pub(crate) fn time(nanos: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_nanos(nanos)
}

/// Now.
pub(crate) fn now() -> i64 {
    nanos(Utc::now())
}

/// Now, and later than `last` even if the clock was set back.
pub(crate) fn now_after(last: i64) -> i64 {
    now().max(last.saturating_add(1))
}
