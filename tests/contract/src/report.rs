//! What a run came to, and its forms: a table for people, JSON, JSON lines and JUnit.

mod json;
mod junit;
mod known;
mod ndjson;
#[cfg(test)]
mod schema_test;
mod table;

pub use json::json;
pub use junit::junit;
pub use known::{KnownFailures, KnownFailuresError};
pub use ndjson::{ndjson_end, ndjson_rule};
pub use table::table;

use crate::advice::Advice;
use crate::exchange::Exchange;
use crate::rule::{Rule, Weight};
use mortise_proto::rpc::short_service_name;
use serde::Serialize;

/// The version of the report's own form; see docs/contract-report.schema.json.
const REPORT_VERSION: u32 = 1;

/// What a run came to.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The version of this form.
    pub report_version: u32,
    /// The suite's version.
    pub suite_version: String,
    /// The server as it introduced itself.
    pub server: ServerReport,
    /// How sessions, harnesses and agents were made.
    pub seeding: String,
    /// Up to which level rules were run.
    pub level: String,
    /// What the data was made from.
    pub seed: u64,
    /// How many rules ran at once.
    pub concurrency: usize,
    /// How long the run took, in milliseconds.
    pub duration_ms: u64,
    /// Every rule that was asked for, in the order of the contract.
    pub rules: Vec<RuleReport>,
    /// Why the run ended early, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Stopped>,
}

/// A run that ended early, because the server no longer answered the handshake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stopped {
    /// The rule that the server hangs on or ends with, where that is certain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The rules that were running.
    pub suspects: Vec<String>,
}

/// A server as it introduced itself.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ServerReport {
    /// Its product name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its build; empty where it did not say.
    pub build: String,
    /// Where it was reached.
    pub endpoint: String,
    /// How it tells orgs apart.
    pub scoping: String,
    /// What it offers, by full names.
    pub services: Vec<String>,
}

/// What became of one rule.
#[derive(Debug, Clone, Serialize)]
pub struct RuleReport {
    /// Its id.
    pub id: String,
    /// The service it is about.
    pub service: String,
    /// What it demands.
    pub demand: String,
    /// What it follows from.
    pub source: String,
    /// `hard` or `soft`.
    pub weight: String,
    /// The level it belongs to.
    pub level: String,
    /// What became of it.
    pub verdict: Verdict,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// The kind of reason for which it was skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip: Option<Skip>,
    /// Why it was skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether a file of known failures lists it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub known_failure: bool,
    /// How it was broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// The page that explains it.
    pub page: String,
}

/// What became of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The server keeps it.
    Passed,
    /// The server breaks it, and it is soft.
    Warned,
    /// The server breaks it.
    Failed,
    /// It could not be held against this server.
    Skipped,
}

/// Why a rule was skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Skip {
    /// The server does not offer a service that it is about.
    NotOffered,
    /// The run lacks something that it needs, such as a way to restart the server.
    Needs,
    /// It belongs to a level above that of the run.
    Level,
    /// It began, and does not apply to this server.
    NotApplicable,
    /// The run had stopped.
    Stopped,
}

/// How a rule was broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// What was looked at.
    pub what: String,
    /// What it had to be.
    pub expected: String,
    /// What it was.
    pub got: String,
    /// Why the rule is there and how it is kept, where that is written down.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub advice: Option<Advice>,
    /// The last calls before that.
    pub exchanges: Vec<Exchange>,
}

// === impl Report ===

impl Default for Report {
    fn default() -> Self {
        Self {
            report_version: REPORT_VERSION,
            suite_version: env!("CARGO_PKG_VERSION").into(),
            server: ServerReport::default(),
            seeding: String::new(),
            level: String::new(),
            seed: 0,
            concurrency: 0,
            duration_ms: 0,
            rules: Vec::new(),
            stopped: None,
        }
    }
}

impl Report {
    /// How many rules ended so.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        let rules = self.rules.iter();
        rules.filter(|rule| rule.verdict == verdict).count()
    }

    /// Whether no hard rule is broken, and the run came to its end.
    #[must_use]
    pub fn is_compliant(&self) -> bool {
        self.count(Verdict::Failed) == 0 && self.stopped.is_none()
    }

    /// Whether nothing is broken but rules that are known to be.
    #[must_use]
    pub fn is_as_known(&self) -> bool {
        let mut failed = self.with(Verdict::Failed);
        failed.all(|rule| rule.known_failure) && self.stopped.is_none()
    }

    /// The rules that are known to be broken, and are not.
    pub fn mended(&self) -> impl Iterator<Item = &RuleReport> {
        self.with(Verdict::Passed).filter(|rule| rule.known_failure)
    }

    fn with(&self, verdict: Verdict) -> impl Iterator<Item = &RuleReport> {
        let rules = self.rules.iter();
        rules.filter(move |rule| rule.verdict == verdict)
    }

    /// The rules' services, in the order of the contract.
    fn services(&self) -> Vec<&str> {
        let mut services: Vec<&str> = Vec::new();
        for rule in &self.rules {
            if !services.contains(&rule.service.as_str()) {
                services.push(&rule.service);
            }
        }
        services
    }
}

// === impl RuleReport ===

impl RuleReport {
    pub(crate) fn of(rule: &Rule) -> Self {
        Self {
            id: rule.id.into(),
            service: rule
                .services
                .first()
                .copied()
                .map_or("", short_service_name)
                .into(),
            demand: rule.demand.into(),
            source: rule.source.into(),
            weight: rule.weight.to_string(),
            level: rule.level.to_string(),
            verdict: Verdict::Skipped,
            ms: 0,
            skip: None,
            reason: None,
            known_failure: false,
            failure: None,
            page: rule.page(),
        }
    }

    /// Whether it is a soft one.
    #[must_use]
    pub fn is_soft(&self) -> bool {
        self.weight == Weight::Soft.to_string()
    }
}

// === impl Verdict ===

impl Verdict {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Passed, Self::Warned, Self::Failed, Self::Skipped];

    /// In a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "pass",
            Self::Warned => "warn",
            Self::Failed => "FAIL",
            Self::Skipped => "skip",
        }
    }
}
