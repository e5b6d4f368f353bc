//! The reference storage: every store of the contract over SQLite.
//!
//! One file per store, each with its statements. What they share: the connections
//! (`db`), answers remembered by request id (`replies`), events written in groups
//! (`event_emitter`), sealed secrets (`seal`) and paths (`path`). Every statement
//! names the org; a record of another org is absent.

mod agent_store;
mod budget_checker;
mod codes;
mod db;
mod egress;
mod errors;
mod event_emitter;
mod event_log;
mod harness_store;
mod image_artifact_store;
mod image_resolver;
mod leased_resource_store;
mod llm_provider_store;
mod locks;
mod mcp;
mod memory_store;
mod message_of_event;
mod message_query;
mod message_retriever;
mod open;
mod outbound_tool_rate_limiter;
mod path;
mod payment_authority;
mod platform_store;
mod provider_credential_store;
mod records;
mod replies;
mod runtime_host;
mod seal;
mod session_file_system;
mod session_mutator;
mod session_resource_registry;
mod session_schedule_store;
mod session_sql_db_store;
mod session_storage_store;
mod session_store;
mod test_seed;
#[cfg(test)]
mod tests;
mod user_connection_resolver;
mod utility_llm;

pub use open::OpenError;
pub use seal::EncryptionKey;

use crate::{AdapterSource, EventStore, Scope, TestSeed};
use db::Db;
use event_emitter::{Appender, Feeds};
use mortise_proto::pb;
use open::Place;
use replies::Pruning;
use std::sync::Arc;

const MAX_CONNECTIONS: u32 = 8;

/// What the reference storage is opened with.
#[derive(Debug, Clone)]
pub struct ReferenceConfig {
    /// `sqlite:PATH`, or `sqlite::memory:` for one that is gone with the process. The
    /// path is taken as it is; the file is made if it does not exist.
    pub database_url: String,
    /// Connections: one writes, the others read. At least two, whatever is given.
    pub max_connections: u32,
    /// What secrets and API keys are sealed with. Without it they are refused.
    pub encryption_key: Option<EncryptionKey>,
    /// Whether records may be put in from outside.
    pub allow_test_seed: bool,
}

/// The reference storage. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reference {
    inner: Arc<Inner>,
    allow_test_seed: bool,
}

/// The reference storage for one call: it sees one org.
#[derive(Debug, Clone)]
pub struct ScopedReference {
    inner: Arc<Inner>,
    scope: Arc<Scope>,
}

#[derive(Debug)]
struct Inner {
    db: Arc<Db>,
    key: Option<EncryptionKey>,
    pruning: Arc<Pruning>,
    feeds: Arc<Feeds>,
    appender: Appender,
}

// === impl ReferenceConfig ===

impl ReferenceConfig {
    /// A storage at this URL, without encryption and without seeding.
    #[must_use]
    pub fn new(database_url: impl Into<String>) -> Self {
        Self {
            database_url: database_url.into(),
            max_connections: MAX_CONNECTIONS,
            encryption_key: None,
            allow_test_seed: false,
        }
    }
}

// === impl Reference ===

impl Reference {
    /// Opens the storage, makes its tables or brings them up to this build's, and
    /// starts the task that writes events. Runs on the Tokio runtime of the caller.
    pub async fn open(config: ReferenceConfig) -> Result<Self, OpenError> {
        let ReferenceConfig {
            database_url,
            max_connections,
            encryption_key,
            allow_test_seed,
        } = config;
        let place = Place::parse(&database_url)?;
        let db = Arc::new(Db::open(&place, max_connections).await?);
        replies::prune_all(&db)
            .await
            .map_err(|error| OpenError::use_of(&place, &error))?;
        let pruning = Arc::new(Pruning::default());
        let feeds = Arc::new(Feeds::default());
        let appender = Appender::start(db.clone(), pruning.clone(), feeds.clone());
        Ok(Self {
            inner: Arc::new(Inner {
                db,
                key: encryption_key,
                pruning,
                feeds,
                appender,
            }),
            allow_test_seed,
        })
    }

    /// Waits for what is under way and closes the database. Calls that come later
    /// fail as unavailable.
    pub async fn close(&self) {
        self.inner.db.close().await;
    }

    fn scoped(&self, scope: &Scope) -> ScopedReference {
        ScopedReference {
            inner: self.inner.clone(),
            scope: Arc::new(scope.clone()),
        }
    }
}

impl AdapterSource for Reference {
    type Adapter = ScopedReference;

    fn adapter(&self, scope: &Scope) -> ScopedReference {
        self.scoped(scope)
    }

    fn scoping(&self) -> pb::Scoping {
        pb::Scoping::PerOrg
    }

    fn remembers_requests(&self) -> bool {
        true
    }

    fn event_store(&self, scope: &Scope) -> Option<Arc<dyn EventStore>> {
        Some(Arc::new(self.scoped(scope)))
    }

    fn test_seed(&self, scope: &Scope) -> Option<Arc<dyn TestSeed>> {
        self.allow_test_seed
            .then(|| Arc::new(self.scoped(scope)) as Arc<dyn TestSeed>)
    }
}
