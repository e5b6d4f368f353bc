//! One rule, explained.

use crate::rule::{Need, Rule};
use mortise_proto::rpc::short_service_name;

/// What a rule demands, why, and when it is run.
#[must_use]
pub fn explain(rule: &Rule) -> String {
    let services: Vec<_> = rule
        .services
        .iter()
        .map(|name| short_service_name(name))
        .collect();
    let needs: Vec<_> = rule.needs.iter().copied().map(Need::name).collect();
    let needs = match needs.is_empty() {
        true => "nothing beside that".into(),
        false => needs.join(", "),
    };
    format!(
        "{}  ({}, level {})\n\n{}\n\nservices  {}\nneeds     {needs}\nsource    {}\npage      docs/rules.md#{}\n",
        rule.id,
        rule.weight,
        rule.level,
        rule.demand,
        services.join(", "),
        rule.source,
        rule.id.to_lowercase(),
    )
}
