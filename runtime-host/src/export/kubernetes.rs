//! Resources of Kubernetes: GRPCRoutes of the Gateway API with Linkerd's annotations, and a
//! VirtualService of Istio.

use super::{Class, ExportOptions, seconds};
use mortise_proto::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How many matches a rule, and how many rules a GRPCRoute may have.
const MATCHES_MAX: usize = 64;
const RULES_MAX: usize = 16;

/// One GRPCRoute for each class: annotations are about a whole route.
pub(super) fn grpc_routes(options: &ExportOptions) -> Value {
    let mut routes: Vec<Value> = Vec::new();
    for class in Class::ALL {
        let matches: Vec<Value> = class.methods().map(exactly).collect();
        let backend = json!([{ "name": options.backend, "port": options.port }]);
        let rule = |matches: &[Value]| json!({ "matches": matches, "backendRefs": backend });
        let mut rules: Vec<Value> = matches.chunks(MATCHES_MAX).map(rule).collect();
        if class == Class::Stream {
            // What no rule matches would be answered with 404: health and reflection.
            rules.push(json!({ "backendRefs": backend }));
        }
        debug_assert!(rules.len() <= RULES_MAX);
        if !rules.is_empty() {
            routes.push(grpc_route(class, rules, options));
        }
    }
    json!({ "apiVersion": "v1", "kind": "List", "items": routes })
}

fn exactly(method: &'static Method) -> Value {
    json!({
        "method": { "type": "Exact", "service": method.service, "method": method.name },
    })
}

fn grpc_route(class: Class, rules: Vec<Value>, options: &ExportOptions) -> Value {
    let mut annotations = BTreeMap::new();
    if class.may_retry() {
        annotations.insert("retry.linkerd.io/grpc", json!("unavailable"));
        annotations.insert("retry.linkerd.io/limit", json!("1"));
    }
    if let Some(limit) = class.limit(options) {
        annotations.insert("timeout.linkerd.io/request", seconds(limit));
    }
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "GRPCRoute",
        "metadata": {
            "name": format!("{}-{}", options.backend, class.as_str()),
            "annotations": annotations,
        },
        "spec": {
            "parentRefs": [{
                "group": "",
                "kind": "Service",
                "name": options.backend,
                "port": options.port,
            }],
            "rules": rules,
        },
    })
}

/// Istio sends calls again by itself unless it is told not to, also those that may not be:
/// so every class is named, and whatever is left is sent once.
pub(super) fn virtual_service(options: &ExportOptions) -> Value {
    let mut routes: Vec<Value> = Vec::new();
    for class in Class::ALL {
        let matches: Vec<Value> = class
            .methods()
            .map(|method| json!({ "uri": { "exact": method.path } }))
            .collect();
        if !matches.is_empty() {
            let mut route = istio_route(class, options);
            route["name"] = json!(class.as_str());
            route["match"] = json!(matches);
            routes.push(route);
        }
    }
    routes.push(istio_route(Class::Stream, options));
    json!({
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": { "name": options.backend },
        "spec": { "hosts": [options.backend], "http": routes },
    })
}

fn istio_route(class: Class, options: &ExportOptions) -> Value {
    let retries = match class.may_retry() {
        true => json!({ "attempts": 1, "retryOn": "unavailable" }),
        false => json!({ "attempts": 0 }),
    };
    let mut route = json!({
        "retries": retries,
        "route": [{
            "destination": { "host": options.backend, "port": { "number": options.port } },
        }],
    });
    if let Some(limit) = class.limit(options) {
        route["timeout"] = seconds(limit);
    }
    route
}
