use super::*;
use mortise_proto::rpc::Effect;
use std::collections::BTreeMap;

fn options() -> ExportOptions {
    ExportOptions {
        backend: "storage".into(),
        port: 7443,
        deadline: Duration::from_secs(30),
        long_deadline: Duration::from_secs(600),
    }
}

fn exported(format: Format) -> Value {
    let parsed = serde_json::from_str(&export(format, &options()));
    parsed.unwrap_or_else(|error| unreachable!("{error}"))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Every method by its path with whether it is sent again, as a format has it. A method that
/// is there twice is there once too often.
fn retried(format: Format) -> BTreeMap<String, bool> {
    let value = exported(format);
    let mut found = BTreeMap::new();
    let mut note = |path: String, is_retried: bool| {
        assert_eq!(
            found.insert(path.clone(), is_retried),
            None,
            "{path} is there twice"
        );
    };
    let path = |service: &Value, method: &Value| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
        format!("/{}/{}", text(service), text(method))
    };
    match format {
        Format::ServiceConfig => {
            for config in list(&value["methodConfig"]) {
                for name in list(&config["name"]) {
                    let is_retried = config.get("retryPolicy").is_some();
                    note(path(&name["service"], &name["method"]), is_retried);
                }
            }
        }
        Format::Envoy => {
            for route in list(&value["virtual_hosts"][0]["routes"]) {
                let path = route["match"]["path"].as_str().unwrap_or("/");
                note(path.into(), route["route"].get("retry_policy").is_some());
            }
        }
        Format::GrpcRoute => {
            for route in list(&value["items"]) {
                let annotations = &route["metadata"]["annotations"];
                let is_retried = annotations.get("retry.linkerd.io/grpc").is_some();
                for rule in list(&route["spec"]["rules"]) {
                    if rule.get("matches").is_none() {
                        note("/".into(), is_retried);
                    }
                    for one in list(&rule["matches"]) {
                        let method = &one["method"];
                        note(path(&method["service"], &method["method"]), is_retried);
                    }
                }
            }
        }
        Format::Istio => {
            for route in list(&value["spec"]["http"]) {
                let is_retried = route["retries"]["attempts"] != 0;
                match list(&route["match"]) {
                    [] => note("/".into(), is_retried),
                    matches => matches.iter().for_each(|one| {
                        let path = one["uri"]["exact"].as_str().unwrap_or_default();
                        note(path.into(), is_retried);
                    }),
                }
            }
        }
    }
    found
}

const FORMATS: [Format; 4] = [
    Format::ServiceConfig,
    Format::Envoy,
    Format::GrpcRoute,
    Format::Istio,
];

/// Every format names every method once, and lets no unsafe call, no stream and nothing that
/// it does not know be sent again.
#[test]
fn nothing_unsafe_is_sent_again() {
    for format in FORMATS {
        let mut found = retried(format);
        for method in table::METHODS {
            let is_retried = found.remove(method.path);
            let may = method.effect != Effect::Unsafe
                && matches!(method.kind, Kind::Unary | Kind::ServerStream)
                && method.deadline != Deadline::Open;
            assert_eq!(is_retried, Some(may), "{format:?}: {}", method.path);
        }
        assert!(
            found.values().all(|is_retried| !is_retried),
            "{format:?}: {found:?}"
        );
        // Health and reflection pass as well. A client needs no rule for that.
        let passes_rest = found.contains_key("/") || format == Format::ServiceConfig;
        assert!(passes_rest, "{format:?}: {found:?}");
    }
}

/// A stream has no limit of time, and a call's lies behind the host's own.
#[test]
fn limits_of_time_lie_behind_the_hosts() {
    let options = options();
    assert_eq!(Class::Stream.limit(&options), None);
    assert!(Class::Once.limit(&options) > Some(options.deadline));
    assert!(Class::RepeatableLong.limit(&options) > Some(options.long_deadline));
    let envoy = exported(Format::Envoy).to_string();
    assert!(envoy.contains("\"timeout\":\"35s\"") && envoy.contains("\"timeout\":\"0s\""));
}
