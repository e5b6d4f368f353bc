//! The reference storage: every store of the contract over SQLite and PostgreSQL.
//!
//! One file per store, each with its statements. What they share: the connections
//! (`db`), answers remembered by request id (`replies`), events written in groups
//! (`event_emitter`), sealed secrets (`seal`) and paths (`path`). Every statement
//! names the org; a record of another org is absent.

mod agent_store;
mod availability;
mod budget_checker;
mod bulk;
mod catalog;
mod codes;
mod connection;
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
mod new_session;
mod open;
mod outbound_tool_rate_limiter;
mod path;
mod payment_authority;
mod piecewise;
mod platform_file;
mod platform_store;
mod pool;
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
mod turn_queue;
mod user_connection_resolver;
mod utility_llm;

pub use egress::EgressConfig;
pub use open::OpenError;
pub use payment_authority::{PaymentAttempt, PaymentBackend, PaymentFailure, PaymentReceipt};
pub use platform_file::{
    Action, Change, Exported, Fault, FileFormat, ImportError, Imported, SecretSource,
};
pub use seal::{EncryptionKey, Resealed};
pub use session_sql_db_store::SqlLimits;
pub use utility_llm::UtilityLlm;

use crate::{
    AdapterSource, EventStore, McpDirectory, Outage, Piecewise, Scope, TestSeed, TurnQueue,
};
use db::Db;
use egress::Guarded;
use event_emitter::{Appender, Feeds};
use everruns_core::UtilityLlmService;
use everruns_core::egress::EgressService;
use mortise_proto::pb;
use open::Place;
use outbound_tool_rate_limiter::Calls;
use payment_authority::{LedgerOnly, settle_for_ever};
use platform_store::Platform;
use replies::Pruning;
use seal::KeyRing;
use session_schedule_store::fire_for_ever;
use session_sql_db_store::SqlEngine;
use std::fmt;
use std::sync::Arc;
use tokio::sync::{Notify, watch};
use turn_queue::TurnBell;

const MAX_CONNECTIONS: u32 = 8;

/// What the reference storage is opened with.
#[derive(Clone)]
pub struct ReferenceConfig {
    /// `sqlite:PATH`, or `sqlite::memory:` for one that is gone with the process. The
    /// path is taken as it is; the file is made if it does not exist.
    pub database_url: String,
    /// Connections: one writes, the others read. At least two, whatever is given.
    pub max_connections: u32,
    /// What secrets are sealed with. Without it they are refused, except those that
    /// configurations of capabilities may hold: these are stored in clear then.
    pub encryption_key: Option<EncryptionKey>,
    /// Keys that secrets were sealed with before, and are still opened with. See
    /// [`Reference::reseal`].
    pub previous_keys: Vec<EncryptionKey>,
    /// Who moves the money of payments. Without one the ledger is kept and no money is
    /// moved; the answers to payments say so.
    pub payments: Option<Arc<dyn PaymentBackend>>,
    /// Whether records may be put in from outside.
    pub allow_test_seed: bool,
    /// Where the links of the platform store's web console lead, such as
    /// `https://console.example.com`. Empty: there is none, and links are paths.
    pub platform_base_url: String,
    /// The built-in capabilities that the platform store shows. `None`: all of them.
    pub capabilities: Option<Vec<String>>,
    /// What SQL databases of sessions are limited to.
    pub sql_limits: SqlLimits,
    /// Where outbound requests may go.
    pub egress: EgressConfig,
    /// Who sends outbound requests instead of this storage: `egress` is then theirs to
    /// heed.
    pub egress_service: Option<Arc<dyn EgressService>>,
    /// The platform's own model, such as a [`UtilityLlm`]. Without one it is not offered.
    pub utility_llm: Option<Arc<dyn UtilityLlmService>>,
    /// Whether schedules that are due are fired here. Servers that share a database
    /// share the work; one of them must do it.
    pub fire_schedules: bool,
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
    key: Option<KeyRing>,
    payments: Arc<dyn PaymentBackend>,
    pruning: Arc<Pruning>,
    feeds: Arc<Feeds>,
    appender: Appender,
    turn_bell: TurnBell,
    calls: Calls,
    egress: egress::Sender,
    utility_llm: Option<utility_llm::Model>,
    /// Wakes the task that fires schedules.
    schedules_changed: Arc<Notify>,
    sql: SqlEngine,
    platform: Platform,
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
            previous_keys: Vec::new(),
            payments: None,
            allow_test_seed: false,
            platform_base_url: String::new(),
            capabilities: None,
            sql_limits: SqlLimits::default(),
            egress: EgressConfig::default(),
            egress_service: None,
            utility_llm: None,
            fire_schedules: true,
        }
    }

    /// Names the database to people: its URL without the password.
    #[must_use]
    pub fn database_name(&self) -> String {
        open::shown(&self.database_url)
    }
}

impl fmt::Debug for ReferenceConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            database_url: _,
            max_connections,
            encryption_key,
            previous_keys,
            payments,
            allow_test_seed,
            platform_base_url,
            capabilities,
            sql_limits,
            egress,
            egress_service,
            utility_llm,
            fire_schedules,
        } = self;
        f.debug_struct("ReferenceConfig")
            .field("database", &self.database_name())
            .field("max_connections", max_connections)
            .field("encryption_key", encryption_key)
            .field("previous_keys", previous_keys)
            .field("payments", payments)
            .field("allow_test_seed", allow_test_seed)
            .field("platform_base_url", platform_base_url)
            .field("capabilities", capabilities)
            .field("sql_limits", sql_limits)
            .field("egress", egress)
            .field(
                "egress_service",
                &egress_service.as_ref().map(|it| it.name()),
            )
            .field("utility_llm", &utility_llm.as_ref().map(|it| it.name()))
            .field("fire_schedules", fire_schedules)
            .finish()
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
            previous_keys,
            payments,
            allow_test_seed,
            platform_base_url,
            capabilities,
            sql_limits,
            egress,
            egress_service,
            utility_llm,
            fire_schedules,
        } = config;
        let place = Place::parse(&database_url)?;
        let key = match (encryption_key, previous_keys) {
            (Some(current), previous) => Some(KeyRing::new(current, previous)),
            (None, previous) if previous.is_empty() => None,
            (None, _) => return Err(OpenError::no_current_key(&place)),
        };
        let db = Arc::new(Db::open(&place, max_connections).await?);
        replies::prune_all(&db)
            .await
            .map_err(|error| OpenError::use_of(&place, &error))?;
        let missing = seal::missing_keys(&db, key.as_ref())
            .await
            .map_err(|error| OpenError::use_of(&place, &error))?;
        if !missing.is_empty() {
            return Err(OpenError::missing_keys(&place, &missing, key.as_ref()));
        }
        let pruning = Arc::new(Pruning::default());
        let feeds = Arc::new(Feeds::default());
        let appender = Appender::start(db.clone(), key.clone(), pruning.clone(), feeds.clone());
        let schedules_changed = Arc::new(Notify::new());
        let inner = Arc::new(Inner {
            db,
            key,
            payments: payments.unwrap_or_else(|| Arc::new(LedgerOnly)),
            pruning,
            feeds,
            appender,
            turn_bell: TurnBell::default(),
            calls: Calls::default(),
            egress: egress::Sender(
                egress_service.unwrap_or_else(|| Arc::new(Guarded::new(egress))),
            ),
            utility_llm: utility_llm.map(utility_llm::Model),
            schedules_changed: schedules_changed.clone(),
            sql: SqlEngine::new(sql_limits),
            platform: Platform::new(&platform_base_url, capabilities),
        });
        tokio::spawn(settle_for_ever(Arc::downgrade(&inner)));
        if fire_schedules {
            let storage = Arc::downgrade(&inner);
            tokio::spawn(fire_for_ever(storage, schedules_changed));
        }
        Ok(Self {
            inner,
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

    fn outage(&self) -> Option<watch::Receiver<Option<Outage>>> {
        Some(self.inner.db.outage())
    }

    fn event_store(&self, scope: &Scope) -> Option<Arc<dyn EventStore>> {
        Some(Arc::new(self.scoped(scope)))
    }

    fn piecewise(&self, scope: &Scope) -> Option<Arc<dyn Piecewise>> {
        Some(Arc::new(self.scoped(scope)))
    }

    fn mcp_directory(&self, scope: &Scope) -> Option<Arc<dyn McpDirectory>> {
        Some(Arc::new(self.scoped(scope)))
    }

    fn turn_queue(&self, scope: &Scope) -> Option<Arc<dyn TurnQueue>> {
        Some(Arc::new(self.scoped(scope)))
    }

    fn test_seed(&self, scope: &Scope) -> Option<Arc<dyn TestSeed>> {
        self.allow_test_seed
            .then(|| Arc::new(self.scoped(scope)) as Arc<dyn TestSeed>)
    }
}
