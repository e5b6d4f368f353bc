//! The published schema of the JSON report says what the report is.

use super::{Failure, Report, RuleReport, ServerReport, Skip, Stopped, Verdict, json};
use crate::advice::Advice;
use crate::exchange::Exchange;
use serde_json::{Map, Value};

const SCHEMA: &str = include_str!("../../../../docs/contract-report.schema.json");

fn rule(verdict: Verdict) -> RuleReport {
    let rules = crate::rules();
    let mut report = RuleReport::of(&rules[0]);
    report.verdict = verdict;
    match verdict {
        Verdict::Passed => {}
        Verdict::Skipped => {
            report.skip = Some(Skip::NotOffered);
            report.reason = Some("the server does not offer it".into());
        }
        Verdict::Warned | Verdict::Failed => {
            report.known_failure = true;
            report.failure = Some(Failure {
                advice: Some(Advice {
                    why: "a reason",
                    mend: "a way",
                }),
                what: "GetValue.value".into(),
                expected: "1".into(),
                got: "2".into(),
                exchanges: vec![Exchange {
                    method: "SessionStorageStoreService/GetValue".into(),
                    sent: "{}".into(),
                    received: "{}".into(),
                    grpcurl: Some("grpcurl".into()),
                }],
            });
        }
    }
    report
}

fn sample() -> Report {
    Report {
        server: ServerReport {
            services: vec!["mortise.adapter.v1.AdapterService".into()],
            ..ServerReport::default()
        },
        level: "full".into(),
        concurrency: 8,
        rules: Verdict::ALL.map(rule).into(),
        stopped: Some(Stopped {
            rule: Some("KV-01".into()),
            suspects: vec!["KV-01".into()],
        }),
        ..Report::default()
    }
}

/// What of a value the schema does not allow. It knows what the schema uses: references,
/// properties, required ones, items, constants, lists of constants and types.
fn faults(schema: &Value, root: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        let pointer = name.trim_start_matches('#');
        let Some(target) = root.pointer(pointer) else {
            found.push(format!("{at}: {name} is not in the schema"));
            return;
        };
        return faults(target, root, value, at, found);
    }
    let is_type = match schema["type"].as_str() {
        None => true,
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_u64(),
        Some("boolean") => value.is_boolean(),
        Some(other) => {
            found.push(format!("{at}: this test does not know the type {other}"));
            return;
        }
    };
    let is_const = schema.get("const").is_none_or(|constant| constant == value);
    let choices = schema["enum"].as_array();
    let is_chosen = choices.is_none_or(|choices| choices.contains(value));
    if !(is_type && is_const && is_chosen) {
        found.push(format!("{at}: {value} does not fit"));
    }
    if let Some(object) = value.as_object() {
        members(schema, root, object, at, found);
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        faults(
            &schema["items"],
            root,
            item,
            &format!("{at}[{index}]"),
            found,
        );
    }
}

/// A member that the schema does not name is a fault here: the schema would be behind.
fn members(
    schema: &Value,
    root: &Value,
    object: &Map<String, Value>,
    at: &str,
    found: &mut Vec<String>,
) {
    for name in schema["required"].as_array().into_iter().flatten() {
        if !name.as_str().is_some_and(|name| object.contains_key(name)) {
            found.push(format!("{at}: {name} is missing"));
        }
    }
    for (name, member) in object {
        match schema["properties"].get(name) {
            Some(inner) => faults(inner, root, member, &format!("{at}.{name}"), found),
            None => found.push(format!("{at}.{name} is not in the schema")),
        }
    }
}

/// Every field of a report with rules of every verdict is in the schema and fits it.
#[test]
fn a_report_fits_its_schema() -> Result<(), serde_json::Error> {
    let schema: Value = serde_json::from_str(SCHEMA)?;
    let report: Value = serde_json::from_str(&json(&sample())?)?;
    let mut found = Vec::new();
    faults(&schema, &schema, &report, "report", &mut found);
    assert_eq!(found, Vec::<String>::new());
    Ok(())
}

/// What the schema requires is missed, and what it does not know is noticed.
#[test]
fn a_report_of_another_form_does_not_fit() -> Result<(), serde_json::Error> {
    let schema: Value = serde_json::from_str(SCHEMA)?;
    let mut report: Value = serde_json::from_str(&json(&sample())?)?;
    report["rules"][0]["verdict"] = "maybe".into();
    report["server"]["color"] = "green".into();
    if let Some(report) = report.as_object_mut() {
        report.remove("totals");
    }
    let mut found = Vec::new();
    faults(&schema, &schema, &report, "report", &mut found);
    assert_eq!(found.len(), 3, "{found:?}");
    Ok(())
}
