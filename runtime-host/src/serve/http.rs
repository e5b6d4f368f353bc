//! The host over HTTP, in JSON and server-sent events.

mod asked;
mod body;
mod errors;
mod handlers;
mod lists;
mod openapi;
mod schemas;
mod shapes;
mod sse;

use super::panics::Unbroken;
use crate::access::{Access, AccessLayer, Denied, Revoked, Until};
use crate::host::Host;
use crate::telemetry::http_span;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use mortise_proto::HostError;
use mortise_proto::host::ErrorReason;
use std::sync::Arc;
use tracing::Instrument;

pub(super) use body::id;
pub(super) use errors::Failure;
pub(crate) use errors::code_name;
pub use openapi::{document, events_page};

/// What answers everybody.
const OPEN: &[&str] = &["/live", "/ready", "/openapi.json"];

/// What handlers need.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) host: Host,
    pub(super) max_request_bytes: usize,
}

/// Every path with its methods.
fn routes() -> Vec<(&'static str, &'static [&'static str], MethodRouter<State>)> {
    use handlers as h;
    use lists as l;
    vec![
        (
            "/v1/sessions",
            &["get", "post"],
            get(l::list_sessions).post(h::create_session),
        ),
        (
            "/v1/sessions/{session_id}",
            &["delete", "get", "patch"],
            get(h::get_session)
                .patch(l::update_session)
                .delete(l::delete_session),
        ),
        (
            "/v1/sessions/{session_id}/turns",
            &["get", "post"],
            get(l::list_session_turns).post(h::run_turn),
        ),
        (
            "/v1/sessions/{session_id}/turns/{turn_id}",
            &["get"],
            get(l::get_turn),
        ),
        (
            "/v1/sessions/{session_id}/messages",
            &["get", "post"],
            get(h::list_messages).post(h::send_message),
        ),
        (
            "/v1/sessions/{session_id}/tool-results",
            &["post"],
            post(h::submit_tool_results),
        ),
        (
            "/v1/sessions/{session_id}/cancel",
            &["post"],
            post(h::cancel_turn),
        ),
        ("/v1/sessions/{session_id}/events", &["get"], get(h::events)),
        ("/v1/turns", &["get"], get(l::list_turns)),
        ("/v1/agents", &["get"], get(l::list_agents)),
        ("/v1/agents/{agent_id}", &["get"], get(l::get_agent)),
        ("/v1/harnesses", &["get"], get(l::list_harnesses)),
        ("/v1/harnesses/{harness_id}", &["get"], get(l::get_harness)),
        ("/v1/models", &["get"], get(l::list_models)),
        ("/v1/models/{model_id}", &["get"], get(l::get_model)),
        ("/live", &["get"], get(h::live)),
        ("/ready", &["get"], get(h::ready)),
        ("/openapi.json", &["get"], get(h::openapi)),
    ]
}

/// The server.
pub(super) fn router(host: Host, max_request_bytes: usize) -> Router {
    let routes = routes().into_iter();
    let router = routes.fold(Router::new(), |router, (path, _methods, handler)| {
        let traced = move |request, next| traced(path, request, next);
        router.route(path, handler.layer(middleware::from_fn(traced)))
    });
    router
        .fallback(async || nothing_there("/openapi.json lists the paths"))
        .method_not_allowed_fallback(|| async {
            let text = "this path does not take this method; /openapi.json lists the methods";
            Failure(HostError::new(ErrorReason::MethodNotAllowed, text))
        })
        .with_state(State {
            host,
            max_request_bytes,
        })
}

/// Answers a request of a path in its span.
async fn traced(path: &'static str, request: Request, next: Next) -> Response {
    let span = http_span(path, &request);
    next.run(request).instrument(span).await
}

/// Asks everybody who they are.
pub(super) fn guarded(router: Router, access: Arc<Access>) -> Router {
    router.layer(AccessLayer::new(access, refused, bound, OPEN))
}

/// Has a request whose handler panics answered, too.
pub(super) fn unbroken(router: Router) -> Router {
    router.layer(Unbroken(|error: HostError| Failure(error).into_response()))
}

fn refused(denied: Denied) -> Response {
    Failure(denied.into()).into_response()
}

/// A browser that comes back is refused.
fn bound(body: Body, revoked: Revoked) -> Body {
    Body::new(Until::new(body, revoked, HeaderMap::new()))
}

/// What a path answers that leads nowhere.
pub(super) fn nothing_there(what_is: &str) -> Failure {
    let text = format!("there is nothing at this path; {what_is}");
    Failure(HostError::new(ErrorReason::NoRoute, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// A handler that panics is answered in the usual shape, with 500.
    #[tokio::test]
    async fn a_handler_that_panics_is_answered() -> Result<(), axum::Error> {
        use tower::ServiceExt;
        let router = Router::new().route("/", get(async || -> Response { panic!("on purpose") }));
        let request = Request::new(Body::empty());
        let Ok(answer) = unbroken(router).oneshot(request).await;
        assert_eq!(answer.status(), 500);
        let body = axum::body::to_bytes(answer.into_body(), 4096).await?;
        let body = String::from_utf8_lossy(&body);
        assert!(body.contains("\"reason\":\"INTERNAL\""), "{body}");
        assert!(!body.contains("on purpose"), "{body}");
        Ok(())
    }

    /// The document describes every route and no other.
    #[test]
    fn the_document_describes_the_routes() -> serde_json::Result<()> {
        let document: serde_json::Value = serde_json::from_str(document())?;
        let mut described = BTreeSet::new();
        for (path, methods) in document["paths"].as_object().into_iter().flatten() {
            let methods = methods.as_object().into_iter().flatten();
            let methods = methods.filter(|(name, _)| name.as_str() != "parameters");
            described.extend(methods.map(|(method, _)| (path.clone(), method.clone())));
        }
        let mut served = BTreeSet::new();
        for (path, methods, _) in routes() {
            served.extend(
                methods
                    .iter()
                    .map(|method| (path.to_string(), method.to_string())),
            );
        }
        assert_eq!(described, served);
        Ok(())
    }
}
