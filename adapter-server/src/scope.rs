//! Who a call is for. Checked once, by `serve`, before anything else sees it.

use crate::SessionFence;
use everruns_core::org_public_id_from_internal;
use everruns_core::typed_id::SessionId;
use mortise_proto::convert::id;
use mortise_proto::rpc::{Effect, Fencing, Method};
use mortise_proto::{StoreError, pb};
use std::num::NonZeroU64;
use std::time::{Duration, Instant};
use tonic::metadata::MetadataMap;

const REQUEST_ID_BYTES_MAX: usize = 64;

/// As many as gRPC's specification allows.
const TIMEOUT_DIGITS: usize = 8;

/// The checked form of a request's `CallContext`.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The tenant, the host's internal id.
    pub org_id: i64,
    /// The public id that belongs to it.
    pub org_public_id: String,
    /// The session the call is made for, where the caller says.
    pub session_id: Option<SessionId>,
    /// Under which the answer to a change is remembered; `None` for a read.
    pub request_id: Option<String>,
    /// The fence that the change is made under; `None` where its method ignores fences and
    /// where none was sent.
    pub fence: Option<SessionFence>,
    /// The method that was called.
    pub method: &'static Method,
    /// When the caller no longer waits for the answer; `None` where the caller does not say.
    /// Work that keeps a processor busy ends with it.
    pub deadline: Option<Instant>,
}

impl Scope {
    /// Checks a request's context against what its method needs.
    pub fn check(
        context: Option<&pb::CallContext>,
        method: &'static Method,
    ) -> Result<Self, StoreError> {
        let context = context.ok_or_else(|| {
            StoreError::invalid_field("context", "is missing; send it with every call")
        })?;
        if context.org_id == 0 {
            return Err(StoreError::invalid_field(
                "context.org_id",
                "is 0; set it to the org's internal id (the default org is 1)",
            ));
        }
        let session_id = match context.session_id.as_str() {
            "" => None,
            text => Some(id("context.session_id", text)?),
        };
        let request_id = match method.effect {
            Effect::Keyed => Some(checked_request_id(&context.request_id)?),
            Effect::Read | Effect::Idempotent | Effect::Unsafe => None,
        };
        let fence = match method.fencing {
            Fencing::Session | Fencing::Caller => checked_fence(context.fence, session_id)?,
            Fencing::Ignored => None,
        };
        Ok(Self {
            org_id: context.org_id,
            org_public_id: org_public_id_from_internal(context.org_id),
            session_id,
            request_id,
            fence,
            method,
            deadline: None,
        })
    }

    /// The same with the deadline that a request's metadata states.
    pub(crate) fn until(mut self, metadata: &MetadataMap) -> Self {
        self.deadline = timeout(metadata).map(|timeout| Instant::now() + timeout);
        self
    }
}

/// How long a caller waits: `grpc-timeout`, at most eight digits and a unit. A value that
/// is none says nothing; the transport refuses it.
fn timeout(metadata: &MetadataMap) -> Option<Duration> {
    let stated = metadata.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = stated.split_at_checked(stated.len().checked_sub(1)?)?;
    if digits.len() > TIMEOUT_DIGITS {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(number * 60 * 60),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

/// A fence belongs to the lease of the session that the context names.
fn checked_fence(
    fence: u64,
    session_id: Option<SessionId>,
) -> Result<Option<SessionFence>, StoreError> {
    let Some(fence) = NonZeroU64::new(fence) else {
        return Ok(None);
    };
    let session_id = session_id.ok_or_else(|| {
        StoreError::invalid_field(
            "context.session_id",
            "is missing beside a fence; send the session whose lease the fence belongs to",
        )
    })?;
    Ok(Some(SessionFence { session_id, fence }))
}

fn checked_request_id(request_id: &str) -> Result<String, StoreError> {
    if request_id.is_empty() {
        return Err(StoreError::invalid_field(
            "context.request_id",
            "is empty; send a new UUID with every change, and the same UUID when you send the change again",
        ));
    }
    if request_id.contains('\0') {
        return Err(StoreError::invalid_field(
            "context.request_id",
            "holds a NUL character; send a UUID",
        ));
    }
    if request_id.len() > REQUEST_ID_BYTES_MAX {
        return Err(StoreError::invalid_field(
            "context.request_id",
            format!(
                "is {} bytes, at most {REQUEST_ID_BYTES_MAX} are allowed; send a UUID",
                request_id.len()
            ),
        ));
    }
    Ok(request_id.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A deadline is read in every unit, and nothing else is taken for one.
    #[test]
    fn timeouts() {
        let read = |stated: &str| {
            let mut metadata = MetadataMap::new();
            metadata.insert("grpc-timeout", stated.parse().unwrap());
            timeout(&metadata)
        };
        for (stated, expected) in [
            ("1H", Duration::from_secs(3600)),
            ("2M", Duration::from_secs(120)),
            ("3S", Duration::from_secs(3)),
            ("99999999m", Duration::from_millis(99_999_999)),
            ("5u", Duration::from_micros(5)),
            ("0n", Duration::ZERO),
        ] {
            assert_eq!(read(stated), Some(expected), "{stated}");
        }
        for stated in ["", "S", "1", "1x", "-1S", "123456789S"] {
            assert_eq!(read(stated), None, "{stated:?}");
        }
    }
}
