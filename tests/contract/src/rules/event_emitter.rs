//! Events as they are stored.

mod order;
mod patches;
mod repeats;
mod streams;
mod types;
mod values;

use crate::advice::advised;
use crate::rule::Rule;

pub(crate) fn rules() -> Vec<Rule> {
    let mut rules: Vec<Rule> = [
        order::rules(),
        types::rules(),
        repeats::rules(),
        streams::rules(),
        patches::rules(),
        values::rules(),
    ]
    .into_iter()
    .flatten()
    .collect();
    rules.sort_by_key(|rule| rule.id);
    advised(rules, include_str!("event_emitter/advice.md"))
}
