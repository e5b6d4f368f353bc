//! What the page shows, in JSON.

use super::super::health;
use crate::host::{Host, Step, StepKind, TurnSummary, TurnTrace};
use mortise_adapter_client::{AdapterStatus, EndpointStatus, LATENCY_BOUNDS, Mesh, RpcStats};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use tonic::Code;

/// The host, its adapters and its turns.
pub(super) fn overview(host: &Host, uptime: Duration) -> Value {
    let adapters = adapters(&host.mesh());
    let orgs = host.readiness().into_iter();
    let degraded: BTreeSet<String> = orgs
        .flat_map(|org| org.problem.into_iter().chain(org.degraded))
        .collect();
    let (running, recent) = host.turn_summaries();
    json!({
        "host": {
            "version": env!("CARGO_PKG_VERSION"),
            "ready": health::is_ready(host),
            "draining": host.is_draining(),
            "uptime_ms": ms(uptime),
            "memory_bytes": host.metrics().memory_bytes(),
        },
        "adapters": adapters,
        "degraded": degraded,
        "running": running.iter().map(look).collect::<Vec<_>>(),
        "recent": recent.iter().map(look).collect::<Vec<_>>(),
    })
}

/// The adapters of a mesh with their endpoints.
pub(super) fn adapters(mesh: &Mesh) -> Value {
    let stats = mesh.rpc_stats();
    let adapters = mesh.adapters();
    let adapters = adapters.iter();
    adapters
        .map(|adapter| self::adapter(adapter, &stats))
        .collect()
}

fn adapter(adapter: &AdapterStatus, stats: &[RpcStats]) -> Value {
    let AdapterStatus {
        name,
        endpoint,
        stores,
        server,
        problem,
        is_required,
        is_not_serving: _,
        services_not_serving: _,
        outage: _,
        endpoints,
        calls_waiting,
    } = adapter;
    let not_serving = adapter.not_serving();
    let state = match (server, problem, &not_serving) {
        (_, Some(_), _) => "away",
        (_, None, Some(_)) => "not serving",
        (Some(_), None, None) => "ready",
        (None, None, None) => "unknown",
    };
    let problem = problem.as_ref().or(not_serving.as_ref());
    let calls = Calls::of(stats.iter().filter(|rpc| rpc.adapter == *name));
    json!({
        "name": name,
        "endpoint": endpoint,
        "state": state,
        "required": is_required,
        "problem": problem,
        "server": server,
        "stores": stores,
        "calls": calls.all,
        "failures": calls.failed,
        "mean_ms": calls.mean_ms(),
        "p99_ms": calls.p99_ms(),
        "calls_waiting": calls_waiting,
        "endpoints": endpoints.iter().map(self::endpoint).collect::<Vec<_>>(),
    })
}

fn endpoint(endpoint: &EndpointStatus) -> Value {
    let EndpointStatus {
        address,
        state,
        problem,
        server,
        connections,
        calls,
        streams,
        attempts,
        failures,
        ejections,
        waited,
    } = endpoint;
    json!({
        "address": address,
        "state": state.as_str(),
        "problem": problem,
        "server": server,
        "connections": connections,
        "calls": calls,
        "streams": streams,
        "attempts": attempts,
        "failures": failures,
        "ejections": ejections,
        "waited_ms": ms(*waited),
    })
}

/// What the calls to one adapter add up to.
#[derive(Default)]
struct Calls {
    all: u64,
    failed: u64,
    time: Duration,
    by_latency: [u64; LATENCY_BOUNDS.len()],
}

// === impl Calls ===

impl Calls {
    fn of<'a>(stats: impl Iterator<Item = &'a RpcStats>) -> Self {
        let mut calls = Self::default();
        for rpc in stats {
            for (code, count) in &rpc.by_code {
                calls.all += count;
                calls.failed += if *code == Code::Ok { 0 } else { *count };
            }
            calls.time += rpc.time;
            for (sum, count) in calls.by_latency.iter_mut().zip(&rpc.by_latency) {
                *sum += count;
            }
        }
        calls
    }

    fn mean_ms(&self) -> Option<f64> {
        #[allow(clippy::cast_precision_loss)]
        let calls = self.all as f64;
        (self.all > 0).then(|| ms(self.time) / calls)
    }

    /// The bound that ninety-nine of a hundred calls stayed below; none where the last
    /// bound was too low for them.
    fn p99_ms(&self) -> Option<f64> {
        let enough = (self.all * 99).div_ceil(100);
        let mut within = 0;
        let mut bounds = LATENCY_BOUNDS.iter().zip(self.by_latency);
        let found = bounds.find(|(_, count)| {
            within += count;
            within >= enough
        });
        found.filter(|_| self.all > 0).map(|(bound, _)| ms(*bound))
    }
}

fn look(turn: &TurnSummary) -> Value {
    json!({
        "turn_id": turn.turn_id,
        "session_id": turn.session_id,
        "org_id": turn.org_id,
        "state": turn.outcome.map_or("running", |outcome| outcome.as_str()),
        "ms": ms(turn.took),
        "problem": turn.problem,
    })
}

/// One turn with everything that it did.
pub(super) fn turn(story: TurnTrace) -> Value {
    let TurnTrace {
        turn,
        steps,
        calls_left_out,
    } = story;
    let mut shown = look(&turn);
    shown["spans"] = steps.iter().map(span).collect();
    shown["calls_left_out"] = json!(calls_left_out);
    shown
}

fn span(step: &Step) -> Value {
    let Step {
        kind,
        name,
        at,
        took,
        failed,
        detail,
    } = step;
    let kind = match kind {
        StepKind::Phase => "phase",
        StepKind::Tool => "tool",
        StepKind::Call => "rpc",
    };
    let us = |time: &Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    json!({
        "kind": kind,
        "name": name,
        "at_us": us(at),
        "us": us(took),
        "failed": failed,
        "detail": detail,
    })
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
