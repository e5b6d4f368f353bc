//! The suite tested: servers that break one rule each, made of the reference server and a
//! fault on the wire. Every one must be caught by the rule that names its fault.

pub(super) mod fault;

mod attached;
mod caches;
mod calls;
mod catalog;
mod data;
mod events;
mod fences;
mod files;
mod followers;
mod journal;
mod leases;
mod lost;
mod made;
mod orgs;
mod platform;
mod production;
mod races;
mod races_of_records;
mod records;
mod repeats;
mod restarts;
mod said;
mod shared;
mod silent;
mod stored;
mod values;
mod wire;

use super::{all_kept, leased};
use fault::Fault;
use mortise_contract::{Dial, Options, Report, Restart, Rule, RuleReport, Verdict, rules, run};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

/// The fewest rules that the suite is tested with.
const FEWEST: usize = 600;

/// How long a rule may take with a server that gives no answer. A call may take half of it.
const IN_VAIN: Duration = Duration::from_secs(6);
const PATIENCE: Duration = Duration::from_secs(60);

fn faults() -> Vec<Fault> {
    [
        attached::faults(),
        caches::faults(),
        calls::faults(),
        catalog::faults(),
        data::faults(),
        events::faults(),
        fences::faults(),
        files::faults(),
        followers::faults(),
        journal::faults(),
        leases::faults(),
        lost::faults(),
        made::faults(),
        orgs::faults(),
        platform::faults(),
        production::faults(),
        races::faults(),
        records::faults(),
        repeats::faults(),
        restarts::faults(),
        said::faults(),
        shared::faults(),
        silent::faults(),
        stored::faults(),
        values::faults(),
        wire::faults(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Each broken server is caught by the rule that names its fault; the report says which. A
/// rule that waits in vain has caught nothing, unless that is the fault.
#[tokio::test(flavor = "multi_thread")]
async fn every_broken_server_is_caught() {
    let folder = tempfile::tempdir().unwrap();
    let routes = leased(folder.path()).await;
    let (mut missed, mut took) = (Vec::new(), 0);
    let (faults, all) = (faults(), rules());
    println!("{:<10} {:<7} {:>6} fault", "rule", "verdict", "ms");
    for (number, fault) in faults.iter().enumerate() {
        let note = folder.path().join(format!("restarts-{number}"));
        let timeout = if fault.is_hanging() {
            IN_VAIN
        } else {
            PATIENCE
        };
        let dial = fault.dial(routes.clone(), &note);
        let mut report = held(&all, &dial, &[fault.rule], timeout, &note).await;
        let caught = report.rules.remove(0);
        let (word, ms) = (caught.verdict.word(), caught.ms);
        println!("{:<10} {word:<7} {ms:>6} {}", fault.rule, fault.name);
        took += ms;
        if let Some(why) = why_missed(fault, &caught) {
            missed.push(format!("{} by {}: {why}", fault.name, fault.rule));
        }
    }
    let named: BTreeSet<_> = faults.iter().map(|fault| fault.rule).collect();
    let untested: Vec<_> = all
        .iter()
        .map(|rule| rule.id)
        .filter(|id| !named.contains(id))
        .collect();
    println!(
        "{} broken servers, {} caught, {} ms each; {} rules have one, {} have none: {}",
        faults.len(),
        faults.len() - missed.len(),
        took / faults.len() as u64,
        named.len(),
        untested.len(),
        untested.join(" ")
    );
    assert!(missed.is_empty(), "not caught: {missed:#?}");
    assert!(named.len() >= FEWEST, "{} rules", named.len());
}

fn why_missed(fault: &Fault, caught: &RuleReport) -> Option<String> {
    let is_broken = matches!(caught.verdict, Verdict::Failed | Verdict::Warned);
    if !is_broken {
        return Some(format!("{:?} {:?}", caught.verdict, caught.reason));
    }
    let got = caught.failure.as_ref().map(|failure| failure.got.as_str());
    let got = got.unwrap_or_default();
    let in_vain = ["no answer within", "still waiting", "panicked"];
    let is_in_vain = in_vain.iter().any(|words| got.contains(words));
    (is_in_vain != fault.is_hanging()).then(|| got.into())
}

/// What is restarted by a note in a file keeps the rules about restarts, as long as no fault
/// stands before it.
#[tokio::test(flavor = "multi_thread")]
async fn a_noted_restart_is_no_fault() {
    let folder = tempfile::tempdir().unwrap();
    let routes = leased(folder.path()).await;
    let note = folder.path().join("restarts");
    // Those that the restart interrupts write until it does, which a note does not.
    let only = [
        "CRASH-01", "CRASH-02", "CRASH-03", "CRASH-05", "CRASH-06", "CRASH-07", "CRASH-08",
        "CRASH-09", "LSE-26", "TJ-21",
    ];
    let dial = Dial::service("noted", routes);
    let report = held(&rules(), &dial, &only, PATIENCE, &note).await;
    all_kept(&report);
    assert_eq!(report.count(Verdict::Passed), only.len());
}

async fn held(
    rules: &[Rule],
    dial: &Dial,
    only: &[&str],
    timeout: Duration,
    note: &Path,
) -> Report {
    let options = Options {
        only: only.iter().map(ToString::to_string).collect(),
        timeout,
        restart: Some(Restart::Command(format!("echo restarted >> {note:?}"))),
        ..Options::default()
    };
    run(dial, rules, options, &|_, _, _| {}).await.unwrap()
}
