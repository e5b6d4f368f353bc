//! A route configuration of Envoy (`envoy.config.route.v3.RouteConfiguration`).

use super::{Class, ExportOptions, seconds};
use serde_json::{Value, json};

pub(super) fn route_configuration(options: &ExportOptions) -> Value {
    let mut routes: Vec<Value> = Vec::new();
    for class in Class::ALL {
        routes.extend(class.methods().map(|method| {
            json!({
                "name": format!("{} {}", class.as_str(), method.short_name()),
                "match": { "path": method.path, "grpc": {} },
                "route": action(class, options),
            })
        }));
    }
    // Health and reflection, and methods of later versions: sent once, for any time.
    routes.push(json!({
        "name": "everything else",
        "match": { "prefix": "/", "grpc": {} },
        "route": action(Class::Stream, options),
    }));
    json!({
        "name": "mortise",
        "virtual_hosts": [{ "name": "mortise", "domains": ["*"], "routes": routes }],
    })
}

fn action(class: Class, options: &ExportOptions) -> Value {
    let mut action = json!({ "cluster": options.backend });
    match class.limit(options) {
        Some(limit) => action["timeout"] = seconds(limit),
        None => {
            action["timeout"] = json!("0s");
            // Else a follower that hears nothing for five minutes is cut off.
            action["idle_timeout"] = json!("0s");
        }
    }
    if class.may_retry() {
        action["retry_policy"] = json!({
            "retry_on": "unavailable",
            "num_retries": 1,
            "retry_back_off": { "base_interval": "0.025s", "max_interval": "1s" },
            // To another endpoint.
            "retry_host_predicate": [{
                "name": "envoy.retry_host_predicates.previous_hosts",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
                },
            }],
        });
    }
    action
}
