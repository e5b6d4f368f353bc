//! A run: greets the server, has the rules run that were asked for, and makes the report.

mod choice;
mod rules;

use crate::client::{Client, Failed};
use crate::context::{Shared, described};
use crate::fixtures::Fixtures;
use crate::report::{KnownFailures, Report, RuleReport, ServerReport};
use crate::rule::{Level, Rule};
use crate::seed::Seeds;
use crate::server::Server;
use crate::wire::Dial;
use choice::choose;
use mortise_proto::rpc::table::adapter_service::DESCRIBE;
use mortise_proto::{PROTOCOL, pb};
use rules::Runner;
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
    /// Rules that are known to be broken.
    pub known_failures: KnownFailures,
    /// How the server is killed and started again.
    pub restart: Option<Restart>,
    /// Takes the server's storage away, and gives it back.
    pub outage: Option<OutageCommands>,
}

/// How a server is killed and started again.
#[derive(Debug, Clone)]
pub enum Restart {
    /// A command, run by `sh -c`, that returns when the server has ended or serves again.
    Command(String),
    /// The server is the suite's own.
    Server(Arc<Server>),
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
            known_failures: KnownFailures::default(),
            restart: None,
            outage: None,
        }
    }
}

/// Holds a server against the rules. A run ends early if the server no longer answers the
/// handshake; see [`Report::stopped`].
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
        restart: options.restart.clone(),
        outage: options.outage.clone(),
        described: described.clone(),
    });
    let runner = Runner::new(&shared, &client, &options, progress, chosen.len());
    // A rule that restarts the server, takes its storage away or floods it must not meet the
    // others.
    let (alone, together): (Vec<_>, Vec<_>) =
        chosen.into_iter().partition(|rule| rule.runs_alone());
    runner.all(together, options.concurrency.max(1)).await;
    runner.all(alone, 1).await;
    let (mut reports, stopped) = runner.end();
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
        stopped,
        ..Report::default()
    })
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
    let failed = |failed: Failed| RunError::Handshake {
        endpoint: dial.name().into(),
        cause: described(&failed.error),
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
