//! The contract suite: holds an adapter server, written in any language, against the
//! rules of the Mortise contract, and says which it keeps and which it breaks.
//!
//! A rule is a plain async function with an id; [`run`] runs those that apply to what
//! the server offers. The rules speak protobuf alone, so the same ones run in process,
//! over an in-memory connection and against an address.
//!
//! ```no_run
//! use mortise_contract::{Dial, Options, Tls, Verdict, rules, run, table};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let server = Dial::address("unix:/run/acme/adapter.sock", Tls::default())?;
//! let report = run(&server, &rules(), Options::default(), &|_, _, _| {}).await?;
//! print!("{}", table(&report, false));
//! assert_eq!(report.count(Verdict::Failed), 0);
//! # Ok(())
//! # }
//! ```

mod advice;
mod check;
mod client;
mod command;
mod context;
mod docs;
mod exchange;
mod explain;
mod fixtures;
mod listing;
mod raw;
mod report;
mod rule;
mod rules;
mod runner;
mod scaffold;
mod seed;
mod server;
mod shown;
mod vectors;
mod wire;

pub use advice::Advice;
pub use docs::rules_page;
pub use exchange::Exchange;
pub use explain::explain;
pub use fixtures::{Fixtures, FixturesError};
pub use listing::{NoSuchStore, list, list_json, offered};
pub use report::{
    Failure, KnownFailures, KnownFailuresError, Report, RuleReport, ServerReport, Skip, Stopped,
    Verdict, json, junit, ndjson_end, ndjson_rule, table,
};
pub use rule::{Level, Need, Rule, Weight};
pub use rules::all as rules;
pub use runner::{Options, OutageCommands, Progress, Restart, RunError, run};
pub use scaffold::{Language, ScaffoldError, scaffold};
pub use server::{Server, ServerError};
pub use wire::{Dial, Tls, Wire, WireError};
