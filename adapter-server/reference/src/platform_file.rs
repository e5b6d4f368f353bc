//! A platform as a file: models, credentials, harnesses, agents, connections, budgets and
//! payments of one org, to be written by people, kept under version control and applied
//! again and again.
//!
//! What a file says is read in three steps: its text becomes a value (`text`), the value
//! becomes entries (`shape`, `read`), and entries become the records that the stores
//! keep (`entries`). Each step notes what is wrong and goes on, so that everything is
//! told at once (`faults`). `import` writes the records, `export` goes the other way.

mod diagnostics;
mod entries;
mod export;
mod import;
mod read;
mod schema;
mod secrets;
mod state;
mod text;

pub use export::Exported;
pub(crate) use export::export;
pub(crate) use import::import;
pub use import::{Action, Change, ImportError, Imported};
pub use mortise_adapter_server::Diagnostic;
pub use secrets::SecretSource;
pub use text::FileFormat;
