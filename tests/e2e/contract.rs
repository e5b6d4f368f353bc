//! The contract suite held against servers: the reference one, which keeps every rule,
//! reached in three ways; ones that break a rule each; and hostile ones.

mod arms;
mod broken;
mod hostile;
mod outages;
mod own_server;
mod python;

use mortise_adapter_server::{AdapterServer, MemoryLeases};
use mortise_contract::{Dial, Options, Report, Verdict, rules, run, table};
use mortise_proto::pb::UnfencedChanges;
use mortise_test_support::in_process::reference;
use mortise_test_support::memory_journal::WithJournal;
use std::path::Path;
use std::time::Duration;
use tonic::service::Routes;

/// Holds a server against the rules whose ids fit a pattern.
async fn held(dial: &Dial, only: &[&str]) -> Report {
    let options = Options {
        only: only.iter().map(ToString::to_string).collect(),
        timeout: Duration::from_secs(60),
        ..Options::default()
    };
    run(dial, &rules(), options, &|_, _, _| {}).await.unwrap()
}

/// The reference storage with leases in the serving process, and a turn journal beside it.
async fn leased(folder: &Path) -> Routes {
    let leases = MemoryLeases::new(UnfencedChanges::Unspecified);
    let source = WithJournal::new(reference(folder).await, &leases);
    let server = AdapterServer::builder(source).leases(leases);
    server.routes().await.unwrap()
}

/// Fails with the report's table unless no rule is broken, hard or soft.
#[track_caller]
fn all_kept(report: &Report) {
    let broken = report.count(Verdict::Failed) + report.count(Verdict::Warned);
    assert_eq!(broken, 0, "{}", table(report, false));
    assert!(
        report.count(Verdict::Passed) > 0,
        "{}",
        table(report, false)
    );
}
