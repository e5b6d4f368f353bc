//! Who a call is for. Checked once, by `serve`, before anything else sees it.

use everruns_core::org_public_id_from_internal;
use everruns_core::typed_id::SessionId;
use mortise_proto::convert::id;
use mortise_proto::rpc::{Effect, Method};
use mortise_proto::{StoreError, pb};

const REQUEST_ID_BYTES_MAX: usize = 64;

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
    /// The method that was called.
    pub method: &'static Method,
}

impl Scope {
    /// Checks a request's context against what its method needs.
    pub fn check(
        context: Option<&pb::CallContext>,
        method: &'static Method,
    ) -> Result<Self, StoreError> {
        let context = context.ok_or_else(|| {
            StoreError::invalid_field("context", "is missing; every call has one")
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
        Ok(Self {
            org_id: context.org_id,
            org_public_id: org_public_id_from_internal(context.org_id),
            session_id,
            request_id,
            method,
        })
    }
}

fn checked_request_id(request_id: &str) -> Result<String, StoreError> {
    if request_id.is_empty() {
        return Err(StoreError::invalid_field(
            "context.request_id",
            "is empty; send a fresh UUID with every change, and the same one when the change is sent again",
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
