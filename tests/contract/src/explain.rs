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
    let advice = rule.advice.map_or(String::new(), |advice| {
        format!("why       {}\nmend      {}\n\n", advice.why, advice.mend)
    });
    format!(
        "{}  ({}, level {})\n\n{}\n\n{advice}services  {}\nneeds     {needs}\nsource    {}\npage      {}\n",
        rule.id,
        rule.weight,
        rule.level,
        rule.demand,
        services.join(", "),
        rule.source,
        rule.page(),
    )
}
