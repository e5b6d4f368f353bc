//! Events as they are stored.

mod order;
mod repeats;
mod streams;
mod types;

use crate::rule::Rule;

pub(crate) fn rules() -> Vec<Rule> {
    let mut rules: Vec<Rule> = [
        order::rules(),
        types::rules(),
        repeats::rules(),
        streams::rules(),
    ]
    .into_iter()
    .flatten()
    .collect();
    rules.sort_by_key(|rule| rule.id);
    rules
}
