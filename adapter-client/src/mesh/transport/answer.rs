//! What a response is, before any of it is decoded. A proxy, a balancer or a login page
//! may answer instead of the server; what they say is HTTP, not gRPC.
//!
//! The codes are those of gRPC's `http-grpc-status-mapping.md`. The text names the HTTP
//! status, what kind of body came and which program sent it.

use mortise_proto::StoreError;
use mortise_proto::error::Outcome;
use mortise_proto::pb::ErrorReason;
use std::time::Duration;
use tonic::Code;
use tonic::codegen::http::header::{CONTENT_TYPE, RETRY_AFTER, SERVER};
use tonic::codegen::http::{HeaderMap, StatusCode};

/// The longest text of a header that an error repeats, in characters.
const SHOWN_CHARS: usize = 60;

/// Checks that a response is gRPC's.
pub(super) fn check(status: StatusCode, headers: &HeaderMap) -> Result<(), StoreError> {
    let is_grpc =
        text(headers, CONTENT_TYPE).is_some_and(|kind| kind.starts_with("application/grpc"));
    // An answer of gRPC says so by its status, whatever the content is called.
    if headers.contains_key("grpc-status") || (status == StatusCode::OK && is_grpc) {
        return Ok(());
    }
    let code = code_of(status);
    // The only code that says by itself that the call may be sent again.
    let reason = (code == Code::Unavailable).then_some(ErrorReason::Unavailable);
    let mut error = StoreError::new(
        reason.unwrap_or(ErrorReason::Unspecified),
        message(status, headers),
    );
    error.code = code;
    error.reason = reason;
    error.outcome = match status.is_client_error() || status.is_redirection() {
        // Refused by what stands before the server.
        true => Outcome::NotApplied,
        false => Outcome::Unknown,
    };
    error.retry_after = text(headers, RETRY_AFTER)
        .and_then(|seconds| seconds.trim().parse().ok())
        .map(Duration::from_secs);
    Err(error)
}

fn code_of(status: StatusCode) -> Code {
    match status.as_u16() {
        400 => Code::Internal,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 | 502 | 503 | 504 => Code::Unavailable,
        _ => Code::Unknown,
    }
}

fn message(status: StatusCode, headers: &HeaderMap) -> String {
    let kind = text(headers, CONTENT_TYPE).unwrap_or("no content type");
    let program = text(headers, SERVER).map_or_else(
        || "something that does not name itself".into(),
        |name| format!("`{}`", shown(name)),
    );
    let remedy = match status.as_u16() {
        301..=308 => "calls are not redirected: give the address that it leads to",
        401 | 403 => "it asks for a proof that this side does not send; let calls of gRPC pass",
        413 => "it limits the size of requests; raise its limit",
        429 => "it limits the rate of requests; raise its limit",
        502..=504 => "it does not reach the server behind it",
        _ => "is it the adapter's address, and is gRPC passed on there?",
    };
    format!(
        "{program} answered HTTP {status} ({}) instead of gRPC; {remedy}",
        shown(kind)
    )
}

fn text(
    headers: &HeaderMap,
    name: impl tonic::codegen::http::header::AsHeaderName,
) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic::codegen::http::HeaderValue;

    fn checked(status: u16, headers: &[(&'static str, &'static str)]) -> Result<(), StoreError> {
        let headers = headers
            .iter()
            .map(|(name, value)| {
                let name = tonic::codegen::http::HeaderName::from_static(name);
                (name, HeaderValue::from_static(value))
            })
            .collect();
        check(StatusCode::from_u16(status).unwrap_or_default(), &headers)
    }

    /// Every HTTP status that is no answer of gRPC has the code that gRPC gives it, and is
    /// named with its sender.
    #[test]
    fn http_answers_have_their_code() {
        let html = [("content-type", "text/html"), ("server", "nginx/1.26")];
        for (status, code, outcome) in [
            (200, Code::Unknown, Outcome::Unknown),
            (302, Code::Unknown, Outcome::NotApplied),
            (400, Code::Internal, Outcome::NotApplied),
            (401, Code::Unauthenticated, Outcome::NotApplied),
            (403, Code::PermissionDenied, Outcome::NotApplied),
            (404, Code::Unimplemented, Outcome::NotApplied),
            (413, Code::Unknown, Outcome::NotApplied),
            (429, Code::Unavailable, Outcome::NotApplied),
            (500, Code::Unknown, Outcome::Unknown),
            (502, Code::Unavailable, Outcome::Unknown),
            (503, Code::Unavailable, Outcome::Unknown),
            (504, Code::Unavailable, Outcome::Unknown),
        ] {
            let error = checked(status, &html).err();
            let found = error.as_ref().map(|error| (error.code, error.outcome));
            assert_eq!(found, Some((code, outcome)), "{status}");
            let text = error.map(|error| error.message).unwrap_or_default();
            assert!(text.contains(&format!("HTTP {status}")), "{text}");
            assert!(text.contains("`nginx/1.26`"), "{text}");
        }
    }

    /// Answers of gRPC pass, also those that consist of trailers alone.
    #[test]
    fn grpc_passes() {
        assert_eq!(
            checked(200, &[("content-type", "application/grpc")]),
            Ok(())
        );
        assert_eq!(
            checked(200, &[("content-type", "application/grpc+proto")]),
            Ok(())
        );
        assert_eq!(checked(200, &[("grpc-status", "5")]), Ok(()));
    }

    /// What a proxy asks for in Retry-After is passed on.
    #[test]
    fn a_proxy_says_when_to_come_back() {
        let error = checked(429, &[("retry-after", "3")]).err();
        let wait = error.and_then(|error| error.retry_after);
        assert_eq!(wait, Some(Duration::from_secs(3)));
    }
}
