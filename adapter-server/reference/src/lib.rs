//! The reference storage: every store of the contract over SQLite and PostgreSQL.
//!
//! One file per store under `stores`, each with its statements. What they share: the
//! connections (`db`), answers remembered by request id (`idempotency`) and sealed secrets
//! (`seal`). Every statement names the org; a record of another org is absent.
//!
//! This crate does not read the environment, and of files only the database that its
//! configuration names. The binary `mortise-adapter` serves it.

mod config;
mod db;
mod idempotency;
mod platform_file;
mod reference;
mod seal;
mod stores;
#[cfg(test)]
mod tests;

pub use config::ReferenceConfig;
pub use db::open::OpenError;
pub use platform_file::{
    Action, Change, Exported, Fault, FileFormat, ImportError, Imported, SecretSource,
};
pub use reference::{Reference, ScopedReference};
pub use seal::{EncryptionKey, Resealed};
pub use stores::egress::EgressConfig;
pub use stores::payment_authority::{
    PaymentAttempt, PaymentBackend, PaymentFailure, PaymentReceipt,
};
pub use stores::session_sql_db_store::SqlLimits;
pub use stores::utility_llm::UtilityLlm;
