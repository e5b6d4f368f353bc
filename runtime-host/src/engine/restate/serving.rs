//! Where the Restate server reaches the object: HTTP/2 in clear, one connection for many
//! invocations.

use super::RestateError;
use super::object::SessionObject;
use crate::engine::TurnSite;
use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use restate_sdk::endpoint::{Endpoint, ServiceOptions};
use restate_sdk::hyper::HyperEndpoint;
use restate_sdk::service::IntoServiceDefinition;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// How long invocations may take to end once no turn runs any more.
const CLOSED_WITHIN: Duration = Duration::from_secs(2);

/// The pause after a connection that could not be accepted.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// By how much the server waits longer than a turn may take.
const SLACK: Duration = Duration::from_secs(10 * 60);

/// How long a turn without a limit may be silent.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What a connection carries beside turns: invocations that cancel.
const BESIDE_TURNS: u32 = 32;

/// The first pause before an interrupted turn is placed again; it doubles.
const AGAIN_AFTER: Duration = Duration::from_millis(50);

/// It grows up to this.
const AGAIN_AFTER_MAX: Duration = Duration::from_secs(5);

/// A turn is placed until a host has run it to its end.
const ATTEMPTS_MAX: u64 = u32::MAX as u64;

pub(super) async fn bind(address: SocketAddr) -> Result<TcpListener, RestateError> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|cause| RestateError::Listen { address, cause })
}

/// Serves the object until the site stops.
pub(super) async fn serve(
    listener: TcpListener,
    endpoint: HyperEndpoint,
    most: usize,
    site: Arc<dyn TurnSite>,
) {
    // The server opens another connection, and finds another host, before this one is full.
    let streams = u32::try_from(most).unwrap_or(u32::MAX);
    let streams = streams.saturating_add(BESIDE_TURNS);
    let connections = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = site.stopping() => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection of the Restate server was not accepted");
                sleep(ACCEPT_AGAIN_AFTER).await;
                continue;
            }
        };
        let connection = connections.watch(connection(stream, endpoint.clone(), streams));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection of the Restate server ended");
            }
        });
    }
    // The server finds another host for what comes now.
    drop(listener);
    let late = async {
        site.stopped().await;
        sleep(CLOSED_WITHIN).await;
    };
    tokio::select! {
        () = connections.shutdown() => {}
        () = late => tracing::warn!("invocations were cut off; the Restate server places them again"),
    }
}

fn connection(
    stream: TcpStream,
    endpoint: HyperEndpoint,
    streams: u32,
) -> http2::Connection<TokioIo<TcpStream>, HyperEndpoint, TokioExecutor> {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY is not set");
    }
    http2::Builder::new(TokioExecutor::default())
        .timer(TokioTimer::new())
        .max_concurrent_streams(streams)
        // A server that is gone without a word keeps no turn: it has placed it elsewhere.
        .keep_alive_interval(Some(Duration::from_secs(10)))
        .serve_connection(TokioIo::new(stream), endpoint)
}

/// The object behind HTTP, whose turns may take `longest`.
pub(super) fn endpoint(object: SessionObject, longest: Option<Duration>) -> HyperEndpoint {
    // A step is silent for as long as its model is. A server that asked for a suspension
    // meanwhile would have the step taken twice.
    let silent = longest.map_or(LONGEST, |longest| longest + SLACK);
    let options = ServiceOptions::new()
        .inactivity_timeout(silent)
        .abort_timeout(SLACK)
        // It holds what users and models write.
        .journal_retention(Duration::ZERO)
        .retry_policy_initial_interval(AGAIN_AFTER)
        .retry_policy_exponentiation_factor(2.0)
        .retry_policy_max_interval(AGAIN_AFTER_MAX)
        .retry_policy_max_attempts(ATTEMPTS_MAX)
        .retry_policy_pause_on_max_attempts();
    let object = object.into_service_definition().options(options);
    HyperEndpoint::new(Endpoint::builder().bind(object).build())
}
