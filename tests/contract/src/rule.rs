//! What a rule is: an id, what it demands and why, what it needs, and the function that
//! holds a server against it.

use crate::advice::Advice;
use crate::check::Outcome;
use crate::context::Cx;
use futures::future::BoxFuture;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

type Check = Arc<dyn Fn(Cx) -> BoxFuture<'static, Outcome> + Send + Sync>;

/// One rule of the contract.
#[derive(Clone)]
pub struct Rule {
    /// Its id, such as `FILE-10`. Never given to another rule.
    pub id: &'static str,
    /// What a server must do, in one sentence.
    pub demand: &'static str,
    /// Why: the place in the runtime's source, or in the contract, that it follows from.
    pub source: &'static str,
    /// Whether breaking it is a failure or a warning.
    pub weight: Weight,
    /// From which level on it is run.
    pub level: Level,
    /// The services that must be offered, its own first.
    pub services: Vec<&'static str>,
    /// What must be there beside the services.
    pub needs: Vec<Need>,
    /// What goes wrong for callers without it, and how a server keeps it; where it is
    /// written down.
    pub advice: Option<Advice>,
    /// No other rule may run beside it: it measures, or asks much of the server.
    alone: bool,
    check: Check,
}

/// Whether breaking a rule is a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// It follows from what is written, or a caller breaks without it.
    Hard,
    /// Upstream allows several behaviours, and this is the one that serves callers best.
    Soft,
}

/// How much is asked of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What one host with one turn at a time meets.
    Core,
    /// What production meets as well: concurrency, lost replies, restarts, limits, hostile
    /// input.
    Full,
}

/// What a rule needs beside the services it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// A session that the server knows.
    Session,
    /// A harness.
    Harness,
    /// An agent.
    Agent,
    /// A way to put records in whole (`TestSeedService`).
    Seed,
    /// A second org.
    OtherOrg,
    /// A command that restarts the server.
    Restart,
    /// Commands that take the server's storage away and give it back.
    Outage,
}

/// The rules of one service, listed.
pub(crate) struct Group {
    service: &'static str,
    rules: Vec<Rule>,
}

// === impl Rule ===

impl Rule {
    /// Holds a server against it.
    pub(crate) fn check(&self, cx: Cx) -> BoxFuture<'static, Outcome> {
        (self.check)(cx)
    }

    /// Whether no other rule may run beside it.
    pub(crate) fn runs_alone(&self) -> bool {
        let disturbs = |need: &Need| matches!(need, Need::Restart | Need::Outage);
        self.alone || self.needs.iter().any(disturbs)
    }

    /// The page that explains it.
    #[must_use]
    pub fn page(&self) -> String {
        format!("docs/rules.md#{}", self.id.to_lowercase())
    }

    /// Whether a pattern names it: `FILE-10` fits itself, `FILE-*` every rule of the family.
    #[must_use]
    pub fn fits(&self, pattern: &str) -> bool {
        match pattern.strip_suffix('*') {
            Some(beginning) => self.id.starts_with(beginning),
            None => self.id == pattern,
        }
    }

    /// The part of the id before the number: rules of one family belong together.
    #[must_use]
    pub fn family(&self) -> &'static str {
        self.id
            .split_once('-')
            .map_or(self.id, |(family, _)| family)
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rule").field(&self.id).finish()
    }
}

// === impl Weight ===

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hard => "hard",
            Self::Soft => "soft",
        })
    }
}

// === impl Level ===

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Core => "core",
            Self::Full => "full",
        })
    }
}

// === impl Need ===

impl Need {
    /// What is needed, for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Session => "a session",
            Self::Harness => "a harness",
            Self::Agent => "an agent",
            Self::Seed => "TestSeedService",
            Self::OtherOrg => "a second org",
            Self::Restart => "--restart-command",
            Self::Outage => "--outage-command and --recover-command",
        }
    }
}

// === impl Group ===

impl Group {
    /// Rules of a service, by its full name.
    pub(crate) fn of(service: &'static str) -> Self {
        Self {
            service,
            rules: Vec::new(),
        }
    }

    /// Adds a hard rule of level core.
    pub(crate) fn hard<F, Fut>(
        self,
        id: &'static str,
        demand: &'static str,
        source: &'static str,
        check: F,
    ) -> Self
    where
        F: Fn(Cx) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Outcome> + Send + 'static,
    {
        self.add(Weight::Hard, id, demand, source, check)
    }

    /// Adds a soft rule of level core.
    pub(crate) fn soft<F, Fut>(
        self,
        id: &'static str,
        demand: &'static str,
        source: &'static str,
        check: F,
    ) -> Self
    where
        F: Fn(Cx) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Outcome> + Send + 'static,
    {
        self.add(Weight::Soft, id, demand, source, check)
    }

    fn add<F, Fut>(
        mut self,
        weight: Weight,
        id: &'static str,
        demand: &'static str,
        source: &'static str,
        check: F,
    ) -> Self
    where
        F: Fn(Cx) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Outcome> + Send + 'static,
    {
        self.rules.push(Rule {
            id,
            demand,
            source,
            weight,
            level: Level::Core,
            services: vec![self.service],
            needs: Vec::new(),
            advice: None,
            alone: false,
            check: Arc::new(move |cx| Box::pin(check(cx))),
        });
        self
    }

    /// The rule just added is of level full.
    pub(crate) fn full(self) -> Self {
        self.last(|rule| rule.level = Level::Full)
    }

    /// No other rule runs beside the one just added.
    pub(crate) fn alone(self) -> Self {
        self.last(|rule| rule.alone = true)
    }

    /// The rule just added is about these services as well.
    pub(crate) fn with(self, services: &[&'static str]) -> Self {
        self.last(|rule| rule.services.extend(services))
    }

    /// The rule just added needs these.
    pub(crate) fn needs(self, needs: &[Need]) -> Self {
        self.last(|rule| rule.needs.extend(needs))
    }

    fn last(mut self, change: impl FnOnce(&mut Rule)) -> Self {
        if let Some(rule) = self.rules.last_mut() {
            change(rule);
        }
        self
    }

    pub(crate) fn list(self) -> Vec<Rule> {
        self.rules
    }
}
