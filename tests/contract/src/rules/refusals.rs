//! What the rules of several services say about calls that are refused.

use crate::check::{Outcome, broken};
use crate::context::{Cx, described};
use mortise_proto::pb::ErrorReason;
use mortise_proto::rpc::Scoped;
use mortise_proto::{Rpc, StoreError};
use prost::Message;
use std::fmt::Debug;

/// Texts that are no session's id: nothing, short, of another type, in capitals, one digit
/// too long, without the prefix, with a digit that is none.
pub(crate) const NO_SESSION_IDS: [&str; 7] = [
    "",
    "session_1",
    "agent_00000000000000000000000000000001",
    "session_0000000000000000000000000000000A",
    "session_000000000000000000000000000000001",
    "00000000000000000000000000000001",
    "session_0000000000000000000000000000000g",
];

/// An error has one of these reasons.
pub(crate) fn has_reason(what: &str, error: &StoreError, reasons: &[ErrorReason]) -> Outcome {
    let is_one = error.reason.is_some_and(|reason| reasons.contains(&reason));
    match is_one {
        true => Ok(()),
        false => {
            let names: Vec<_> = reasons
                .iter()
                .map(|reason| mortise_proto::error::reason_name(*reason))
                .collect();
            broken(what, names.join(" or "), described(error))
        }
    }
}

/// A call is refused with one of these reasons; the error.
pub(crate) async fn refused_with<Req, Rsp>(
    cx: &Cx,
    rpc: &Rpc<Req, Rsp>,
    request: Req,
    reasons: &[ErrorReason],
) -> Outcome<StoreError>
where
    Req: Scoped + Message + Debug + Send + Sync + 'static,
    Rsp: Message + Default + Debug + Send + Sync + 'static,
{
    let error = cx.refused(rpc, request).await?;
    has_reason(rpc.method.short_name(), &error, reasons)?;
    Ok(error)
}

/// A call whose answer is streamed is refused with one of these reasons; the error.
pub(crate) async fn stream_refused_with<Req, Rsp>(
    cx: &Cx,
    rpc: &Rpc<Req, Rsp>,
    request: Req,
    reasons: &[ErrorReason],
) -> Outcome<StoreError>
where
    Req: Scoped + Message + Debug + Send + Sync + 'static,
    Rsp: Message + Default + Debug + Send + Sync + 'static,
{
    let error = cx.refused_collect(rpc, request).await?;
    has_reason(rpc.method.short_name(), &error, reasons)?;
    Ok(error)
}
