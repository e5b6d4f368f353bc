//! Errors in one JSON shape.

use axum::Json;
use axum::http::{
    HeaderValue, StatusCode,
    header::{RETRY_AFTER, WWW_AUTHENTICATE},
};
use axum::response::{IntoResponse, Response};
use mortise_proto::HostError;
use serde_json::{Value, json};
use tonic::Code;

/// A call that failed.
#[derive(Debug)]
pub(in crate::serve) struct Failure(pub(in crate::serve) HostError);

impl From<HostError> for Failure {
    fn from(error: HostError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.http_status());
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(shape(&self.0))).into_response();
        if status == StatusCode::UNAUTHORIZED {
            let headers = response.headers_mut();
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(delay) = self.0.retry_after {
            let seconds = delay.as_secs().max(1);
            let headers = response.headers_mut();
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// The shape of every error.
pub(super) fn shape(error: &HostError) -> Value {
    let mut shape = json!({
        "code": code_name(error.code()),
        "reason": error.reason_name(),
        "message": error.message,
    });
    if let Some(shape) = shape.as_object_mut() {
        let beside = [("field", &error.field), ("address", &error.address)];
        for (key, value) in beside {
            if let Some(value) = value {
                shape.insert(key.into(), json!(value));
            }
        }
    }
    json!({ "error": shape })
}

/// `INVALID_ARGUMENT` for `Code::InvalidArgument`.
pub(crate) fn code_name(code: Code) -> String {
    let mut name = String::new();
    for letter in format!("{code:?}").chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.extend(letter.to_uppercase());
    }
    name
}
