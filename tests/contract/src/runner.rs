//! Runs rules: greets the server, leaves out what does not apply, runs the rest so many at
//! a time and each within its time, and says what became of each.

use crate::check::{Outcome, Stop};
use crate::client::Client;
use crate::context::{Cx, Shared, described, offers};
use crate::fixtures::Fixtures;
use crate::report::{Failure, Report, RuleReport, ServerReport, Verdict};
use crate::rule::{Level, Need, Rule, Weight};
use crate::seed::Seeds;
use crate::wire::Dial;
use futures::{StreamExt, stream};
use mortise_proto::rpc::table::adapter_service::{self, DESCRIBE};
use mortise_proto::rpc::table::test_seed_service;
use mortise_proto::{PROTOCOL, StoreError, pb};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tonic::metadata::{Ascii, MetadataValue};

/// How a run is done.
#[derive(Debug, Clone)]
pub struct Options {
    /// Up to which level rules are run.
    pub level: Level,
    /// Patterns of ids, such as `FILE-*` or `EVT-03`; none means all.
    pub only: Vec<String>,
    /// How many rules run at once.
    pub concurrency: usize,
    /// What the data of rules is made from.
    pub seed: u64,
    /// How long one rule may take; a call may take half of it.
    pub timeout: Duration,
    /// The org that calls are made for, by its internal id.
    pub org_id: i64,
    /// A second org.
    pub other_org_id: Option<i64>,
    /// Sent as `authorization` with every call.
    pub token: Option<MetadataValue<Ascii>>,
    /// Ids that exist.
    pub fixtures: Option<Fixtures>,
    /// Restarts the server, and returns when it has ended or begun to serve again.
    pub restart_command: Option<String>,
    /// Takes the server's storage away, and gives it back.
    pub outage: Option<OutageCommands>,
}

/// The commands of an outage of the server's storage, each run by `sh -c`.
#[derive(Debug, Clone)]
pub struct OutageCommands {
    /// The storage fails from its end on.
    pub begin: String,
    /// The storage works from its end on.
    pub end: String,
}

/// Why there was no run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The server did not answer the handshake.
    #[error("{endpoint} does not answer the handshake (AdapterService/Describe): {cause}")]
    Handshake {
        /// Where it should be.
        endpoint: String,
        /// What went wrong.
        cause: String,
    },
    /// The two sides share no protocol version.
    #[error(
        "the server speaks protocol versions {server_min} to {server_max}, this suite {} to {}; upgrade the older one",
        PROTOCOL.min, PROTOCOL.max
    )]
    Protocol {
        /// The server's oldest.
        server_min: u32,
        /// The server's newest.
        server_max: u32,
    },
    /// A pattern that no rule's id fits.
    #[error("--only {0}: no rule has such an id; --list names them all")]
    NoSuchRule(String),
}

/// Told when a rule has ended: its report, how many have ended and how many there are.
pub type Progress<'a> = dyn Fn(&RuleReport, usize, usize) + Send + Sync + 'a;

impl Default for Options {
    fn default() -> Self {
        Self {
            level: Level::Full,
            only: Vec::new(),
            concurrency: 8,
            seed: 1,
            timeout: Duration::from_secs(60),
            org_id: 1,
            other_org_id: Some(2),
            token: None,
            fixtures: None,
            restart_command: None,
            outage: None,
        }
    }
}

/// Holds a server against the rules.
pub async fn run(
    dial: &Dial,
    rules: &[Rule],
    options: Options,
    progress: &Progress<'_>,
) -> Result<Report, RunError> {
    let started = Instant::now();
    let chosen = choose(rules, &options)?;
    let patience = options.timeout / 2;
    let client = Client::new(dial.connect(), options.token.clone(), patience);
    let described = greet(&client, dial, options.org_id).await?;
    let shared = Arc::new(Shared {
        dial: dial.clone(),
        token: options.token.clone(),
        seeds: Seeds::new(&described, options.fixtures.clone()),
        org_id: options.org_id,
        other_org_id: tenancy(&described, &options),
        patience,
        restart_command: options.restart_command.clone(),
        outage: options.outage.clone(),
        described: described.clone(),
    });
    let total = chosen.len();
    // A rule that restarts the server, takes its storage away or floods it must not meet the
    // others.
    let (alone, together): (Vec<_>, Vec<_>) =
        chosen.into_iter().partition(|rule| rule.runs_alone());
    let mut reports = Vec::with_capacity(total);
    for (rules, at_once) in [(together, options.concurrency.max(1)), (alone, 1)] {
        let mut running = stream::iter(rules)
            .map(|rule| one(rule, &shared, &client, &options))
            .buffer_unordered(at_once);
        while let Some(report) = running.next().await {
            progress(&report, reports.len() + 1, total);
            reports.push(report);
        }
    }
    let place = |id: &str| rules.iter().position(|rule| rule.id == id);
    reports.sort_by_key(|report| place(&report.id));
    Ok(Report {
        server: server_report(&described, dial),
        seeding: shared.seeds.name().into(),
        level: options.level.to_string(),
        seed: options.seed,
        concurrency: options.concurrency,
        duration_ms: millis(started.elapsed()),
        rules: reports,
        ..Report::default()
    })
}

/// The rules that were asked for.
fn choose<'a>(rules: &'a [Rule], options: &Options) -> Result<Vec<&'a Rule>, RunError> {
    for pattern in &options.only {
        if !rules.iter().any(|rule| fits(pattern, rule.id)) {
            return Err(RunError::NoSuchRule(pattern.clone()));
        }
    }
    let asked = |rule: &&Rule| {
        options.only.is_empty() || options.only.iter().any(|pattern| fits(pattern, rule.id))
    };
    // A rule that is asked for by name runs whatever its level.
    let high_enough = |rule: &&Rule| !options.only.is_empty() || rule.level <= options.level;
    Ok(rules.iter().filter(asked).filter(high_enough).collect())
}

/// `FILE-10` fits itself, `FILE-*` every rule of the family.
fn fits(pattern: &str, id: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => id.starts_with(beginning),
        None => id == pattern,
    }
}

/// The suite, introduced to a server.
pub(crate) fn introduction(org_id: i64) -> pb::DescribeRequest {
    pb::DescribeRequest {
        context: Some(pb::CallContext {
            org_id,
            ..Default::default()
        }),
        client: Some(pb::Identity {
            name: env!("CARGO_PKG_NAME").into(),
            version: env!("CARGO_PKG_VERSION").into(),
            build: String::new(),
        }),
        protocol: Some(PROTOCOL),
    }
}

async fn greet(
    client: &Client,
    dial: &Dial,
    org_id: i64,
) -> Result<pb::DescribeResponse, RunError> {
    let request = introduction(org_id);
    let failed = |error: StoreError| RunError::Handshake {
        endpoint: dial.name().into(),
        cause: described(&error),
    };
    let answer = client.unary(&DESCRIBE, request).await.map_err(failed)?;
    let protocol = answer.protocol.unwrap_or_default();
    if protocol.min > PROTOCOL.max || protocol.max < PROTOCOL.min {
        return Err(RunError::Protocol {
            server_min: protocol.min,
            server_max: protocol.max,
        });
    }
    Ok(answer)
}

/// A server with one data set for all has no second org.
fn tenancy(described: &pb::DescribeResponse, options: &Options) -> Option<i64> {
    let apart = described.scoping() == pb::Scoping::PerOrg;
    options.other_org_id.filter(|_| apart)
}

async fn one(rule: &Rule, shared: &Arc<Shared>, client: &Client, options: &Options) -> RuleReport {
    let started = Instant::now();
    let mut report = RuleReport::of(rule);
    if let Some(reason) = why_not(rule, shared) {
        report.verdict = Verdict::Skipped;
        report.reason = Some(reason);
        return report;
    }
    let cx = Cx::new(shared.clone(), client.clone(), seed_of(rule, options.seed));
    let check = tokio::spawn(rule.check(cx.clone()));
    let abort = check.abort_handle();
    let outcome = match tokio::time::timeout(options.timeout, check).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(fault)) => crate::check::broken(
            "the rule",
            "to end",
            format!("the rule panicked, which is a bug of the suite: {fault}"),
        ),
        Err(_) => {
            abort.abort();
            crate::check::broken(
                "the rule",
                format!("to end within {} s", options.timeout.as_secs()),
                "it was still waiting for the server",
            )
        }
    };
    report.ms = millis(started.elapsed());
    conclude(&mut report, rule, outcome, &cx);
    report
}

fn conclude(report: &mut RuleReport, rule: &Rule, outcome: Outcome, cx: &Cx) {
    match outcome {
        Ok(()) => report.verdict = Verdict::Passed,
        Err(Stop::Skipped(reason)) => {
            report.verdict = Verdict::Skipped;
            report.reason = Some(reason);
        }
        Err(Stop::Broken(breach)) => {
            report.verdict = match rule.weight {
                Weight::Hard => Verdict::Failed,
                Weight::Soft => Verdict::Warned,
            };
            report.failure = Some(Failure {
                what: breach.what,
                expected: breach.expected,
                got: breach.got,
                exchanges: cx.exchanges(),
            });
        }
    }
}

/// Why a rule does not apply to this server.
fn why_not(rule: &Rule, shared: &Shared) -> Option<String> {
    let missing = rule
        .services
        .iter()
        .find(|service| **service != adapter_service::NAME && !offers(&shared.described, service));
    if let Some(service) = missing {
        let service = mortise_proto::rpc::short_service_name(service);
        return Some(format!("the server does not offer {service}"));
    }
    rule.needs.iter().find_map(|need| {
        let there = match need {
            Need::Session | Need::Harness | Need::Agent => shared.seeds.have_records(),
            Need::Seed => offers(&shared.described, test_seed_service::NAME),
            Need::OtherOrg => shared.other_org_id.is_some(),
            Need::Restart => shared.restart_command.is_some(),
            Need::Outage => shared.outage.is_some(),
        };
        (!there).then(|| need.missing(shared))
    })
}

impl Need {
    fn missing(self, shared: &Shared) -> String {
        match self {
            Self::Session | Self::Harness | Self::Agent => format!(
                "the suite cannot create {}: offer PlatformStoreService or TestSeedService, or list some with --fixtures",
                self.name()
            ),
            Self::Seed => "the server does not offer TestSeedService, which this rule needs".into(),
            Self::OtherOrg if shared.described.scoping() == pb::Scoping::PerOrg => {
                "no second org was named with --other-org".into()
            }
            Self::OtherOrg => "the server states that all orgs share one set of data".into(),
            Self::Restart => "no --restart-command was given".into(),
            Self::Outage => "no --outage-command and --recover-command were given".into(),
        }
    }
}

/// Each rule's own, so that it does not matter which others run.
fn seed_of(rule: &Rule, seed: u64) -> u64 {
    let id = rule.id.bytes();
    id.fold(seed, |seed, byte| {
        seed.wrapping_mul(31).wrapping_add(byte.into())
    })
}

fn server_report(described: &pb::DescribeResponse, dial: &Dial) -> ServerReport {
    let identity = described.server.clone().unwrap_or_default();
    let services = described.services.iter();
    ServerReport {
        name: identity.name,
        version: identity.version,
        build: identity.build,
        endpoint: dial.name().into(),
        scoping: described.scoping().as_str_name().into(),
        services: services.map(|offer| offer.name.clone()).collect(),
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
