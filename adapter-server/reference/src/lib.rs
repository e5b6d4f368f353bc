//! The reference storage: every store of the contract over SQLite and PostgreSQL, and the
//! binary `mortise-adapter` that serves it.
//!
//! [`Reference`] is an `AdapterSource`: it yields, for each call, stores that see one org.
//! Answers to changes are remembered in the transaction of the change, events and the
//! messages that they leave are one transaction, and secrets are sealed with a key.
//!
//! ```
//! use mortise_adapter_server::AdapterServer;
//! use mortise_reference::{EncryptionKey, Reference, ReferenceConfig};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut config = ReferenceConfig::new("sqlite::memory:");
//! config.encryption_key = Some(EncryptionKey::from_bytes([7; 32]));
//! let reference = Reference::open(config).await?;
//! // Every service, to be served at a socket or mounted beside others.
//! let services = AdapterServer::builder(reference.clone()).routes().await?;
//! # drop(services);
//! reference.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! One file per store, each with its statements, under `stores/`. A store touches its
//! context and its own state alone; this crate's composition root is the only file that
//! knows all stores. Every statement names the org; a record of another org is absent.

mod config;
mod context;
mod db;
mod encoding;
mod fences;
mod idempotency;
mod labour;
mod packing;
mod platform_file;
mod reference;
mod rotation;
mod seal;
mod stores;
#[cfg(test)]
mod tests;

pub use config::ReferenceConfig;
pub use db::open::OpenError;
pub use platform_file::{
    Action, Change, Diagnostic, Exported, FileFormat, ImportError, Imported, SecretSource,
};
pub use reference::{Reference, ScopedReference};
pub use rotation::Rewrapped;
pub use seal::EncryptionKey;
pub use stores::egress::EgressConfig;
pub use stores::payment_authority::{
    PaymentAttempt, PaymentBackend, PaymentFailure, PaymentReceipt,
};
pub use stores::session_sql_db_store::{SqlLimits, SqlWorker, run_sql_worker};
pub use stores::utility_llm::UtilityLlm;

/// How statements run: a transaction of one org. No part of this crate's interface; the
/// documentation shows, and its tests hold, that a statement without an org does not
/// compile.
#[doc(hidden)]
pub mod statements {
    pub use crate::db::{Db, Statement, StatementAs, Tx};
}
