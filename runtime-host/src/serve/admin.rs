//! What operators look at: health, metrics, the configuration, what the host does, and
//! the one thing that they may change, the level of its log.
//!
//! On a listener of its own it is open to every caller but web pages. Beside the HTTP API it asks
//! for a caller that may act for every org: what it shows is of all of them.

mod view;

use super::health;
use super::http::{Failure, nothing_there};
use crate::access::{self, Caller};
use crate::config::HostConfig;
use crate::host::Host;
use crate::metrics;
use crate::telemetry::Telemetry;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderName, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::{Json, Router};
use everruns_core::typed_id::TurnId;
use mortise_adapter_client::Mesh;
use mortise_adapter_server::Peer;
use mortise_proto::HostError;
use mortise_proto::host::ErrorReason;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::watch;

/// One file, with nothing from elsewhere.
const PAGE: &str = include_str!("../admin/page.html");

/// The page asks this host alone, and no other page may put it into a frame.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// The adapters of a mesh with their endpoints, as the administration shows them.
#[must_use]
pub fn adapters_view(mesh: &Mesh) -> serde_json::Value {
    view::adapters(mesh)
}

/// What the handlers need.
#[derive(Debug, Clone)]
pub(super) struct Admin {
    host: Host,
    config: watch::Receiver<Arc<HostConfig>>,
    telemetry: Option<Telemetry>,
    /// Which events are logged now.
    log_level: Arc<Mutex<String>>,
    since: Instant,
}

// === impl Admin ===

impl Admin {
    pub(super) fn new(
        host: &Host,
        config: watch::Receiver<Arc<HostConfig>>,
        telemetry: Option<Telemetry>,
    ) -> Self {
        let log_level = config.borrow().telemetry.log_level.clone();
        Self {
            host: host.clone(),
            log_level: Arc::new(Mutex::new(log_level)),
            config,
            telemetry,
            since: Instant::now(),
        }
    }

    /// For a listener of its own.
    pub(super) fn router(self) -> Router {
        let health = self.health();
        self.paths()
            .merge(health)
            .fallback(async || {
                nothing_there("/live, /ready, /metrics, /admin/overview and /ui are here")
            })
            .layer(middleware::from_fn(for_no_page_of_elsewhere))
    }

    /// For the listener that other machines' probes and scrapers reach: health and metrics,
    /// and nothing that changes or shows more.
    pub(super) fn probes(&self) -> Router {
        self.health()
            .merge(self.metrics())
            .fallback(async || nothing_there("/live, /ready and /metrics are here"))
            .layer(middleware::from_fn(for_no_page_of_elsewhere))
    }

    fn health(&self) -> Router {
        let host = self.host.clone();
        let ready = move || {
            let host = host.clone();
            async move { health::ready(&host) }
        };
        Router::new()
            .route("/live", get(async || health::live()))
            .route("/ready", get(ready))
    }

    /// Empty where metrics are off.
    fn metrics(&self) -> Router {
        let router = match self.config.borrow().telemetry.metrics {
            true => Router::new().route("/metrics", get(scrape)),
            false => Router::new(),
        };
        router.with_state(self.clone())
    }

    /// For the listener of the HTTP API, behind what says who calls.
    pub(super) fn beside_api(self) -> Router {
        let served = Arc::new(self.config.borrow().orgs.clone());
        let guard =
            move |request: Request, next: Next| for_every_org(served.clone(), request, next);
        self.paths().route_layer(middleware::from_fn(guard))
    }

    fn paths(self) -> Router {
        let metrics = self.metrics();
        Router::new()
            .route("/admin/log-level", put(set_log_level))
            .route("/admin/config", get(config))
            .route("/admin/overview", get(overview))
            .route("/admin/turns/{turn_id}", get(turn))
            .route("/ui", get(page))
            .with_state(self)
            .merge(metrics)
    }
}

/// Callers prove nothing here, and an operator's browser can reach it.
async fn for_no_page_of_elsewhere(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let is_local = request
        .extensions()
        .get::<Peer>()
        .is_some_and(Peer::is_local);
    let allowed = access::from_own_page(headers).and_then(|()| match is_local {
        true => access::under_own_name(headers),
        // From elsewhere it is reached by whichever name the network has for it.
        false => Ok(()),
    });
    match allowed {
        Ok(()) => next.run(request).await,
        Err(denied) => Failure(denied.into()).into_response(),
    }
}

async fn for_every_org(served: Arc<BTreeSet<i64>>, request: Request, next: Next) -> Response {
    let caller = request.extensions().get::<Arc<Caller>>();
    if caller.is_some_and(|caller| caller.orgs.is_superset(&served)) {
        return next.run(request).await;
    }
    let text = "only callers that may act for every served org may use this path";
    Failure(HostError::new(ErrorReason::NotAllowed, text)).into_response()
}

async fn scrape(State(admin): State<Admin>) -> Response {
    let text = admin.host.metrics().encode();
    ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response()
}

async fn config(State(admin): State<Admin>) -> Response {
    let kind = (header::CONTENT_TYPE, "application/toml");
    let shown = admin.config.borrow().shown();
    ([kind], shown).into_response()
}

/// Answers with the level that is in effect.
async fn set_log_level(
    State(admin): State<Admin>,
    given: Result<String, axum::extract::rejection::StringRejection>,
) -> Result<String, Failure> {
    let invalid = |problem: String| Failure(HostError::invalid_field("body", problem));
    let given = given.map_err(|fault| invalid(fault.body_text()))?;
    let given = given.trim();
    let telemetry = admin.telemetry.as_ref().ok_or_else(|| {
        Failure(HostError::new(
            ErrorReason::NotOffered,
            "the level of this process's log is set elsewhere",
        ))
    })?;
    let set = telemetry.set_log_level(given);
    set.map_err(|error| invalid(error.to_string()))?;
    let mut level = admin
        .log_level
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    *level = given.to_string();
    Ok(format!("{level}\n"))
}

async fn overview(State(admin): State<Admin>) -> Response {
    Json(view::overview(&admin.host, admin.since.elapsed())).into_response()
}

async fn turn(
    State(admin): State<Admin>,
    Path(turn_id): Path<String>,
) -> Result<Response, Failure> {
    let turn_id: TurnId = super::http::id("turn_id", &turn_id)?;
    let story = admin.host.turn_trace(turn_id).ok_or_else(|| {
        let text = format!("turn {turn_id} is not among the last turns of this host");
        HostError::new(ErrorReason::NoRoute, text)
    })?;
    Ok(Json(view::turn(story)).into_response())
}

async fn page() -> Response {
    let headers: [(HeaderName, &str); 5] = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, PAGE).into_response()
}
