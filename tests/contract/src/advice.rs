//! Why a rule is there and how a server keeps it: texts in a file `advice.md` beside the
//! rules of a service. A text has the form
//!
//! ```text
//! ## KV-02
//! What goes wrong for callers.
//! Mend: what a server does.
//! ```

use crate::rule::Rule;
use serde::Serialize;

/// The texts of one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// What goes wrong for callers if it is broken.
    pub why: &'static str,
    /// What a server does to keep it.
    pub mend: &'static str,
}

/// The rules with the texts of a page.
pub(crate) fn advised(mut rules: Vec<Rule>, page: &'static str) -> Vec<Rule> {
    let texts = read(page);
    for rule in &mut rules {
        let text = texts.iter().find(|(id, _)| *id == rule.id);
        rule.advice = text.map(|(_, advice)| *advice);
    }
    rules
}

/// The texts of a page, by the ids of their rules. A test holds that every one has both.
fn read(page: &'static str) -> Vec<(&'static str, Advice)> {
    let sections = page.split("## ").skip(1);
    let text = sections.filter_map(|section| {
        let (id, text) = section.split_once('\n')?;
        let (why, mend) = text.split_once("\nMend: ")?;
        let advice = Advice {
            why: why.trim(),
            mend: mend.trim(),
        };
        Some((id.trim(), advice))
    });
    text.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules;
    use std::collections::BTreeSet;

    /// The families whose rules all have texts.
    const WRITTEN: &[&str] = &["WIRE", "GEN", "KV", "EVT", "MSG", "FILE"];

    const PAGES: &[&str] = &[
        include_str!("rules/wire/advice.md"),
        include_str!("rules/general/advice.md"),
        include_str!("rules/session_storage_store/advice.md"),
        include_str!("rules/event_emitter/advice.md"),
        include_str!("rules/message_retriever/advice.md"),
        include_str!("rules/session_file_system/advice.md"),
    ];

    /// Every rule of these families says why it is there and how it is kept.
    #[test]
    fn rules_say_why_and_how() {
        let rules = rules();
        let written = rules.iter().filter(|rule| WRITTEN.contains(&rule.family()));
        let silent: Vec<_> = written
            .filter(|rule| rule.advice.is_none())
            .map(|rule| rule.id)
            .collect();
        assert_eq!(
            silent,
            Vec::<&str>::new(),
            "rules without a text in advice.md"
        );
    }

    /// Every text is whole, and is about a rule that is there.
    #[test]
    fn texts_are_about_rules() {
        let rules = rules();
        let ids: BTreeSet<_> = rules.iter().map(|rule| rule.id).collect();
        for page in PAGES {
            let texts = read(page);
            assert_eq!(
                texts.len(),
                page.matches("## ").count(),
                "a text lacks `Mend: `"
            );
            for (id, advice) in texts {
                assert!(ids.contains(id), "{id} is no rule");
                assert!(!advice.why.is_empty() && !advice.mend.is_empty(), "{id}");
            }
        }
    }
}
