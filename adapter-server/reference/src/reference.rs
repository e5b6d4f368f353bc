//! The storage as a whole: opens the database, starts what runs beside the calls, and
//! yields the stores of one org for a call.

use crate::config::ReferenceConfig;
use crate::db::Db;
use crate::db::open::{DatabaseUrl, OpenError};
use crate::idempotency::Pruning;
use crate::labour::Labour;
use crate::seal::{self, KeyRing};
use crate::stores::egress::{self, Guarded};
use crate::stores::event_emitter::{Appender, Feeds};
use crate::stores::outbound_tool_rate_limiter::Calls;
use crate::stores::payment_authority::{LedgerOnly, PaymentBackend, settle_loop};
use crate::stores::platform_store::Platform;
use crate::stores::session_schedule_store::fire_loop;
use crate::stores::session_sql_db_store::SqlEngine;
use crate::stores::turn_queue::TurnBell;
use crate::stores::utility_llm;
use mortise_adapter_server::{
    AdapterSource, EventStore, McpDirectory, Outage, Scope, SessionFactory, SqlDatabases,
    StreamingReads, TestSeed, TurnQueue,
};
use mortise_proto::pb;
use std::sync::Arc;
use tokio::sync::{Notify, watch};

/// The reference storage. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reference {
    pub(crate) inner: Arc<Inner>,
    allow_test_seed: bool,
}

/// The reference storage for one call: it sees one org.
#[derive(Debug, Clone)]
pub struct ScopedReference {
    pub(crate) inner: Arc<Inner>,
    pub(crate) scope: Arc<Scope>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) db: Arc<Db>,
    pub(crate) key: Option<KeyRing>,
    pub(crate) payments: Arc<dyn PaymentBackend>,
    pub(crate) pruning: Arc<Pruning>,
    pub(crate) feeds: Arc<Feeds>,
    pub(crate) appender: Appender,
    pub(crate) turn_bell: TurnBell,
    pub(crate) calls: Calls,
    pub(crate) egress: egress::Sender,
    pub(crate) utility_llm: Option<utility_llm::Model>,
    /// Wakes the task that fires schedules.
    pub(crate) schedules_changed: Arc<Notify>,
    pub(crate) sql: SqlEngine,
    pub(crate) labour: Labour,
    pub(crate) platform: Platform,
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
            sql_worker,
            egress,
            egress_service,
            utility_llm,
            fire_schedules,
        } = config;
        let place = DatabaseUrl::parse(&database_url)?;
        let key = match (encryption_key, previous_keys) {
            (Some(current), previous) => Some(KeyRing::new(current, previous)),
            (None, previous) if previous.is_empty() => None,
            (None, _) => return Err(OpenError::no_current_key(&place)),
        };
        let db = Arc::new(Db::open(&place, max_connections).await?);
        let pruning = Pruning::begin(&db)
            .await
            .map_err(|error| OpenError::use_of(&place, &error))?;
        let missing = seal::missing_keys(&db, key.as_ref())
            .await
            .map_err(|error| OpenError::use_of(&place, &error))?;
        if !missing.is_empty() {
            return Err(OpenError::missing_keys(&place, &missing, key.as_ref()));
        }
        let pruning = Arc::new(pruning);
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
            sql: SqlEngine::new(sql_limits, sql_worker),
            labour: Labour::default(),
            platform: Platform::new(&platform_base_url, capabilities),
        });
        tokio::spawn(settle_loop(Arc::downgrade(&inner)));
        if fire_schedules {
            let storage = Arc::downgrade(&inner);
            tokio::spawn(fire_loop(storage, schedules_changed));
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

    pub(crate) fn scoped(&self, scope: &Scope) -> ScopedReference {
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

    fn streaming_reads(&self, scope: &Scope) -> Option<Arc<dyn StreamingReads>> {
        Some(Arc::new(self.scoped(scope)))
    }

    fn sql_databases(&self, scope: &Scope) -> Option<Arc<dyn SqlDatabases>> {
        Some(Arc::new(self.scoped(scope)))
    }

    fn mcp_directory(&self, scope: &Scope) -> Option<Arc<dyn McpDirectory>> {
        Some(Arc::new(self.scoped(scope)))
    }

    fn turn_queue(&self, scope: &Scope) -> Option<Arc<dyn TurnQueue>> {
        Some(Arc::new(self.scoped(scope)))
    }

    fn session_factory(&self, scope: &Scope) -> Option<Arc<dyn SessionFactory>> {
        Some(Arc::new(self.scoped(scope)))
    }

    fn test_seed(&self, scope: &Scope) -> Option<Arc<dyn TestSeed>> {
        self.allow_test_seed
            .then(|| Arc::new(self.scoped(scope)) as Arc<dyn TestSeed>)
    }
}
