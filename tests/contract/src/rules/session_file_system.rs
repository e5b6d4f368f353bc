//! The workspace of a session.

mod compare;
mod content;
mod crowded;
mod delete;
mod directories;
pub(in crate::rules) mod files;
mod grep;
mod hostile;
mod keyed;
mod paths;
mod seeded;
mod tenancy;

use crate::advice::advised;
use crate::rule::Rule;

pub(crate) fn rules() -> Vec<Rule> {
    let mut rules: Vec<Rule> = [
        paths::rules(),
        compare::rules(),
        content::rules(),
        crowded::rules(),
        directories::rules(),
        delete::rules(),
        seeded::rules(),
        grep::rules(),
        tenancy::rules(),
        keyed::rules(),
        hostile::rules(),
    ]
    .into_iter()
    .flatten()
    .collect();
    rules.sort_by_key(|rule| rule.id);
    advised(rules, include_str!("session_file_system/advice.md"))
}
