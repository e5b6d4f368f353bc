//! The suite tested: servers that break one rule each, made of the reference server and a
//! fault on the wire. Every one must be caught by the rule that names its fault.

pub(super) mod fault;

mod catalog;
mod data;
mod events;
mod fences;
mod files;
mod journal;
mod leases;
mod platform;
mod production;
mod stored;
mod values;
mod wire;

use super::{held, leased};
use fault::Fault;
use mortise_contract::{Dial, RuleReport, Verdict, rules};
use std::collections::BTreeSet;
use tonic::service::Routes;

/// The fewest broken servers that the suite is tested with.
const FEWEST: usize = 60;

fn faults() -> Vec<Fault> {
    [
        catalog::faults(),
        data::faults(),
        events::faults(),
        fences::faults(),
        files::faults(),
        journal::faults(),
        leases::faults(),
        platform::faults(),
        production::faults(),
        stored::faults(),
        values::faults(),
        wire::faults(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Each broken server is caught by the rule that names its fault; the report says which.
#[tokio::test(flavor = "multi_thread")]
async fn every_broken_server_is_caught() {
    let folder = tempfile::tempdir().unwrap();
    let routes = leased(folder.path()).await;
    let mut missed = Vec::new();
    let faults = faults();
    println!("{:<10} {:<7} fault", "rule", "verdict");
    for fault in &faults {
        let caught = verdict(&routes, fault).await;
        println!(
            "{:<10} {:<7} {}",
            fault.rule,
            caught.verdict.word(),
            fault.name
        );
        if !matches!(caught.verdict, Verdict::Failed | Verdict::Warned) {
            missed.push(format!(
                "{} by {}: {:?}",
                fault.name, fault.rule, caught.reason
            ));
        }
    }
    let named: BTreeSet<_> = faults.iter().map(|fault| fault.rule).collect();
    let untested: Vec<_> = rules()
        .iter()
        .map(|rule| rule.id)
        .filter(|id| !named.contains(id))
        .collect();
    println!(
        "{} broken servers, {} caught; {} rules have one, {} have none: {}",
        faults.len(),
        faults.len() - missed.len(),
        named.len(),
        untested.len(),
        untested.join(" ")
    );
    assert!(missed.is_empty(), "not caught: {missed:#?}");
    assert!(faults.len() >= FEWEST, "{} broken servers", faults.len());
}

async fn verdict(routes: &Routes, fault: &Fault) -> RuleReport {
    let dial = Dial::service("broken", fault.in_front_of(routes.clone()));
    let mut report = held(&dial, &[fault.rule]).await;
    report.rules.remove(0)
}
