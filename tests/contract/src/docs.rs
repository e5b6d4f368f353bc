//! docs/rules.md, made from the rules.

use crate::rule::{Need, Rule};
use mortise_proto::rpc::short_service_name;
use std::fmt::Write;

/// The head of the page.
const HEAD: &str = "\
# Rules

Made by `cargo xtask docs` from `tests/contract/src/rules`; do not edit.
How to read it: [contract.md](contract.md).

A *hard* rule that is broken fails a run, a *soft* one warns.
The source says what a rule follows from: a place in the runtime's source (abbreviated as in [contract.md](contract.md#sources)) or a section of the contract.
";

/// The page, as Markdown.
#[must_use]
pub fn rules_page(rules: &[Rule]) -> String {
    let mut page = String::from(HEAD);
    let mut service = "";
    for rule in rules {
        let own = rule.services.first().copied().unwrap_or_default();
        if own != service {
            service = own;
            let name = short_service_name(service);
            push(
                &mut page,
                format_args!(
                    "\n## {name}\n\n| id | demand | weight | level | needs | source |\n|---|---|---|---|---|---|\n"
                ),
            );
        }
        row(&mut page, rule);
    }
    page
}

fn row(page: &mut String, rule: &Rule) {
    let others = rule
        .services
        .iter()
        .skip(1)
        .map(|name| short_service_name(name));
    let needs: Vec<_> = others
        .chain(rule.needs.iter().copied().map(Need::name))
        .collect();
    push(
        page,
        format_args!(
            "| <a id=\"{}\"></a>{} | {} | {} | {} | {} | {} |\n",
            rule.id.to_lowercase(),
            rule.id,
            cell(rule.demand),
            rule.weight,
            rule.level,
            cell(&needs.join(", ")),
            cell(rule.source),
        ),
    );
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// Writing to a string cannot fail.
fn push(text: &mut String, more: std::fmt::Arguments<'_>) {
    text.write_fmt(more).unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules;
    use std::collections::BTreeSet;

    /// docs/rules.md is what the rules say.
    #[test]
    fn the_page_is_up_to_date() {
        let page = include_str!("../../../docs/rules.md");
        let is_same = page == rules_page(&rules());
        assert!(
            is_same,
            "docs/rules.md is out of date; run `cargo xtask docs`"
        );
    }

    /// No id is given twice, and a family's rules stand together.
    #[test]
    fn ids_are_unique() {
        let rules = rules();
        let ids: BTreeSet<_> = rules.iter().map(|rule| rule.id).collect();
        assert_eq!(ids.len(), rules.len());
        let mut families: Vec<_> = rules.iter().map(Rule::family).collect();
        families.dedup();
        let distinct: BTreeSet<_> = families.iter().collect();
        assert_eq!(families.len(), distinct.len(), "{families:?}");
    }
}
