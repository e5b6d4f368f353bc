//! The service config of a gRPC client (gRFC A6).

use super::{Class, ExportOptions, seconds};
use serde_json::{Value, json};

pub(super) fn service_config(options: &ExportOptions) -> Value {
    let configs = Class::ALL.into_iter().filter_map(|class| {
        let names: Vec<Value> = class
            .methods()
            .map(|method| json!({ "service": method.service, "method": method.name }))
            .collect();
        if names.is_empty() {
            return None;
        }
        let mut config = json!({ "name": names, "waitForReady": true });
        if let Some(limit) = class.limit(options) {
            config["timeout"] = seconds(limit);
        }
        if class.may_retry() {
            config["retryPolicy"] = json!({
                "maxAttempts": 2,
                "initialBackoff": "0.025s",
                "maxBackoff": "1s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            });
        }
        Some(config)
    });
    json!({
        "loadBalancingConfig": [{ "round_robin": {} }],
        "methodConfig": configs.collect::<Vec<_>>(),
        // A fifth of all calls, as the host has it.
        "retryThrottling": { "maxTokens": 100, "tokenRatio": 0.2 },
    })
}
