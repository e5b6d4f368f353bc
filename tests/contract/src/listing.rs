//! The rules, listed: for people, and as JSON for runners of tests that collect them before
//! a run.

use crate::advice::Advice;
use crate::rule::{Need, Rule};
use mortise_proto::rpc::short_service_name;
use mortise_proto::rpc::table::{STORES, adapter_service, test_seed_service};
use serde::Serialize;

/// One rule, as JSON.
#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    demand: &'a str,
    source: &'a str,
    weight: String,
    level: String,
    /// Its own service first.
    services: Vec<&'a str>,
    needs: Vec<&'a str>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    advice: Option<Advice>,
    page: String,
}

/// Stores that no service is for.
#[derive(Debug, thiserror::Error)]
#[error("--offers {0}: there is no such store; the stores are {1}")]
pub struct NoSuchStore(String, String);

/// A line per rule.
#[must_use]
pub fn list(rules: &[Rule]) -> String {
    let line = |rule: &Rule| {
        format!(
            "{:<10} {:<4} {:<4}  {}\n",
            rule.id,
            rule.weight.to_string(),
            rule.level.to_string(),
            rule.demand
        )
    };
    rules.iter().map(line).collect()
}

/// The rules as a JSON array, in the order of the contract.
///
/// # Errors
///
/// None in practice: every part of it can be written as JSON.
pub fn list_json(rules: &[Rule]) -> serde_json::Result<String> {
    let entries: Vec<_> = rules.iter().map(Entry::of).collect();
    Ok(serde_json::to_string_pretty(&entries)? + "\n")
}

/// The rules that apply to a server that offers these stores, named as in routes
/// (`session_storage_store`), and no others.
///
/// # Errors
///
/// A name is not that of a store.
pub fn offered(rules: Vec<Rule>, stores: &[String]) -> Result<Vec<Rule>, NoSuchStore> {
    let mut services = vec![adapter_service::NAME];
    for name in stores {
        let store = STORES.iter().find(|store| store.name == name);
        services.push(store.ok_or_else(|| no_such_store(name))?.service);
    }
    let applies = |rule: &Rule| {
        rule.services
            .iter()
            .all(|service| services.contains(service))
    };
    Ok(rules.into_iter().filter(applies).collect())
}

fn no_such_store(name: &str) -> NoSuchStore {
    let is_store = |service| service != adapter_service::NAME && service != test_seed_service::NAME;
    let names: Vec<_> = STORES
        .iter()
        .filter(|store| is_store(store.service))
        .map(|store| store.name)
        .collect();
    NoSuchStore(name.into(), names.join(", "))
}

// === impl Entry ===

impl<'a> Entry<'a> {
    fn of(rule: &'a Rule) -> Self {
        Self {
            id: rule.id,
            demand: rule.demand,
            source: rule.source,
            weight: rule.weight.to_string(),
            level: rule.level.to_string(),
            services: rule
                .services
                .iter()
                .map(|name| short_service_name(name))
                .collect(),
            needs: rule.needs.iter().copied().map(Need::name).collect(),
            advice: rule.advice,
            page: rule.page(),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by it")]
mod tests {
    use super::*;
    use crate::rules;

    /// A server of one store is asked for its rules and those of every server, and an unknown
    /// store is refused with the names that there are.
    #[test]
    fn the_rules_of_one_store() {
        let stores = ["session_storage_store".to_string()];
        let rules = offered(rules(), &stores).unwrap();
        let json: Vec<serde_json::Value> =
            serde_json::from_str(&list_json(&rules).unwrap()).unwrap();
        let ids: Vec<_> = json.iter().filter_map(|rule| rule["id"].as_str()).collect();
        assert!(ids.contains(&"KV-01") && ids.contains(&"WIRE-01") && ids.contains(&"CRASH-03"));
        assert!(!ids.iter().any(|id| id.starts_with("FILE-")), "{ids:?}");
        let refused = offered(rules, &["sessions".into()])
            .unwrap_err()
            .to_string();
        assert!(refused.contains("session_storage_store"), "{refused}");
    }
}
