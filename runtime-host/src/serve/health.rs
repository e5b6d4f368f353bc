//! Whether the host lives, and whether it can serve: at `/live` and `/ready`.

use crate::host::Host;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// It answers, so it lives.
pub(super) fn live() -> Response {
    Json(json!({ "live": true })).into_response()
}

/// Whether every org can be served, and if not, why. What is missing beside that is told as
/// well.
pub(super) fn ready(host: &Host) -> Response {
    let (mut problems, mut degraded) = (Vec::new(), Vec::new());
    for org in host.readiness() {
        let told = |problem: String| json!({ "org": org.org_id, "problem": problem });
        problems.extend(org.problem.map(told));
        degraded.extend(org.degraded.into_iter().map(told));
    }
    if host.is_draining() {
        problems.push(json!({ "problem": "the host is stopping" }));
    }
    let ready = problems.is_empty();
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let answer = json!({ "ready": ready, "problems": problems, "degraded": degraded });
    (status, Json(answer)).into_response()
}

/// The same in a word.
pub(super) fn is_ready(host: &Host) -> bool {
    !host.is_draining() && host.readiness().iter().all(|org| org.problem.is_none())
}
