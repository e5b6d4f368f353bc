//! The storage as a whole, and the only part that knows all stores: opens the database,
//! starts what runs beside the calls, and puts the stores of one org together for a call
//! (`scoped`).

mod scoped;

pub use scoped::ScopedReference;

use crate::config::ReferenceConfig;
use crate::context::StoreCtx;
use crate::db::Db;
use crate::db::open::{DatabaseUrl, OpenError};
use crate::fences::LeaseClock;
use crate::idempotency::Pruning;
use crate::labour::Labour;
use crate::packing::Recent;
use crate::platform_file;
use crate::platform_file::{Exported, FileFormat, ImportError, Imported, SecretSource};
use crate::rotation;
use crate::rotation::Rewrapped;
use crate::seal::KeyRing;
use crate::stores::egress::{Guarded, Sender};
use crate::stores::event_emitter::{Appender, Feeds};
use crate::stores::outbound_tool_rate_limiter::Calls;
use crate::stores::payment_authority::{LedgerOnly, PaymentBackend, Settler, settle_loop};
use crate::stores::platform_store::PlatformSettings;
use crate::stores::session_lease::LeaseBoard;
use crate::stores::session_schedule_store::{Firing, fire_loop};
use crate::stores::session_sql_db_store::SqlEngine;
use crate::stores::turn_queue::{Announcer, TurnBell};
use crate::stores::utility_llm::Model;
use mortise_adapter_server::{
    AdapterSource, EventStore, McpDirectory, Outage, Scope, SessionFactory, SessionLeases,
    SqlDatabases, StreamingReads, TestSeed, TurnJournals, TurnQueue,
};
use mortise_proto::{StoreError, pb};
use std::sync::Arc;
use tokio::sync::{Notify, watch};

/// The reference storage. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reference {
    pub(crate) inner: Arc<Inner>,
    allow_test_seed: bool,
}

/// What the calls share, each of it handed to the stores that need it.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) db: Arc<Db>,
    pruning: Arc<Pruning>,
    appender: Appender,
    recent: Arc<Recent>,
    announcer: Announcer,
    calls: Arc<Calls>,
    egress: Sender,
    utility_llm: Option<Model>,
    pub(crate) settler: Arc<Settler>,
    pub(crate) session_leases: Arc<LeaseBoard>,
    refuse_unfenced_turn_events: bool,
    /// Wakes the task that fires schedules.
    schedules_changed: Arc<Notify>,
    pub(crate) firing: Arc<Firing>,
    sql: Arc<SqlEngine>,
    labour: Arc<Labour>,
    platform: Arc<PlatformSettings>,
}

// === impl Reference ===

impl Reference {
    /// Opens the storage, makes its tables or brings them up to this build's, and
    /// starts the task that writes events. Runs on the Tokio runtime of the caller.
    pub async fn open(config: ReferenceConfig) -> Result<Self, OpenError> {
        let place = DatabaseUrl::parse(&config.database_url)?;
        let keys = match (config.encryption_key.clone(), config.previous_keys.clone()) {
            (Some(current), previous) => Some(KeyRing::new(current, previous)),
            (None, previous) if previous.is_empty() => None,
            (None, _) => return Err(OpenError::no_current_key(&place)),
        };
        let db = Db::open(&place, config.max_connections, keys).await?;
        let use_of = |error: StoreError| OpenError::use_of(&place, &error);
        let pruning = Pruning::begin(&db).await.map_err(use_of)?;
        let missing = rotation::missing_keys(&db).await.map_err(use_of)?;
        if !missing.is_empty() {
            return Err(OpenError::missing_keys(&place, &missing, db.keys()));
        }
        Ok(Self::start(Arc::new(db), Arc::new(pruning), config))
    }

    /// Puts together what the stores share, and starts what runs beside the calls.
    fn start(db: Arc<Db>, pruning: Arc<Pruning>, config: ReferenceConfig) -> Self {
        let ReferenceConfig {
            database_url: _,
            max_connections: _,
            encryption_key: _,
            previous_keys: _,
            payments,
            allow_test_seed,
            platform_base_url,
            capabilities,
            sql_limits,
            sql_worker,
            egress,
            egress_service,
            utility_llm,
            refuse_unfenced_turn_events,
            fire_schedules,
        } = config;
        let announcer = Announcer {
            feeds: Arc::new(Feeds::default()),
            bell: Arc::new(TurnBell::default()),
        };
        let feeds = announcer.feeds.clone();
        let recent = Arc::<Recent>::default();
        let lease_clock = Arc::new(LeaseClock::default());
        let backend: Arc<dyn PaymentBackend> = payments.unwrap_or_else(|| Arc::new(LedgerOnly));
        let inner = Arc::new(Inner {
            appender: Appender::start(
                db.clone(),
                pruning.clone(),
                lease_clock.clone(),
                feeds,
                recent.clone(),
            ),
            recent,
            session_leases: Arc::new(LeaseBoard::new(lease_clock)),
            refuse_unfenced_turn_events,
            settler: Arc::new(Settler {
                db: db.clone(),
                backend,
            }),
            firing: Arc::new(Firing {
                db: db.clone(),
                announcer: announcer.clone(),
            }),
            db,
            pruning,
            announcer,
            calls: Arc::default(),
            egress: Sender(egress_service.unwrap_or_else(|| Arc::new(Guarded::new(egress)))),
            utility_llm: utility_llm.map(Model),
            schedules_changed: Arc::default(),
            sql: Arc::new(SqlEngine::new(sql_limits, sql_worker)),
            labour: Arc::default(),
            platform: Arc::new(PlatformSettings::new(&platform_base_url, capabilities)),
        });
        tokio::spawn(settle_loop(Arc::downgrade(&inner.settler)));
        if fire_schedules {
            let changed = inner.schedules_changed.clone();
            tokio::spawn(fire_loop(Arc::downgrade(&inner.firing), changed));
        }
        Self {
            inner,
            allow_test_seed,
        }
    }

    /// Waits for what is under way and closes the database. Calls that come later
    /// fail as unavailable.
    pub async fn close(&self) {
        self.inner.db.close().await;
    }

    /// Makes an org what a platform file says, in one transaction. What the file does not
    /// name stays as it is, and nothing is ever deleted. With `dry_run` nothing is
    /// changed, and the answer says what would be.
    pub async fn import(
        &self,
        org_id: i64,
        text: &str,
        format: FileFormat,
        secrets: &dyn SecretSource,
        dry_run: bool,
    ) -> Result<Imported, ImportError> {
        platform_file::import(&self.inner.db, org_id, text, format, secrets, dry_run).await
    }

    /// Writes an org's platform as a file that [`Reference::import`] reads, always in
    /// the same order. Secrets are left out and variables stand for them, unless they are
    /// asked for; so is every text in a capability's configuration, which may be one.
    /// Archived harnesses and agents are left out.
    pub async fn export(
        &self,
        org_id: i64,
        format: FileFormat,
        with_secrets: bool,
    ) -> Result<Exported, StoreError> {
        platform_file::export(&self.inner.db, org_id, format, with_secrets).await
    }

    /// Seals everything that is stored with the current key, tells `report` of each
    /// table when it is done, and forgets the older keys if nothing needs them any
    /// more. Servers may run meanwhile, if each has the current key as its current one
    /// and the older ones as well.
    ///
    /// What was overwritten may stay in free pages of the database and in backups,
    /// sealed with the older key: keep that key secret as long as those exist.
    pub async fn rewrap(&self, report: impl FnMut(&Rewrapped)) -> Result<(), StoreError> {
        rotation::rewrap_all(&self.inner.db, report).await
    }

    fn scoped(&self, scope: &Scope) -> ScopedReference {
        let Inner { db, pruning, .. } = &*self.inner;
        ScopedReference {
            inner: self.inner.clone(),
            ctx: StoreCtx::new(db.clone(), pruning.clone(), scope.clone()),
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
        Some(Arc::new(self.scoped(scope).events()))
    }

    fn streaming_reads(&self, scope: &Scope) -> Option<Arc<dyn StreamingReads>> {
        Some(Arc::new(self.scoped(scope).large_reads()))
    }

    fn sql_databases(&self, scope: &Scope) -> Option<Arc<dyn SqlDatabases>> {
        Some(Arc::new(self.scoped(scope).databases()))
    }

    fn mcp_directory(&self, scope: &Scope) -> Option<Arc<dyn McpDirectory>> {
        Some(Arc::new(self.scoped(scope).mcp_servers()))
    }

    fn turn_queue(&self, scope: &Scope) -> Option<Arc<dyn TurnQueue>> {
        Some(Arc::new(self.scoped(scope).turns()))
    }

    fn session_leases(&self, scope: &Scope) -> Option<Arc<dyn SessionLeases>> {
        Some(Arc::new(self.scoped(scope).session_leases()))
    }

    fn turn_journal(&self, scope: &Scope) -> Option<Arc<dyn TurnJournals>> {
        Some(Arc::new(self.scoped(scope).unfinished_turns()))
    }

    /// In the transaction of each change.
    fn checks_fences(&self) -> bool {
        true
    }

    fn unfenced_changes(&self) -> pb::UnfencedChanges {
        match self.inner.refuse_unfenced_turn_events {
            true => pb::UnfencedChanges::ExceptTurnEvents,
            false => pb::UnfencedChanges::Accepted,
        }
    }

    fn session_factory(&self, scope: &Scope) -> Option<Arc<dyn SessionFactory>> {
        Some(Arc::new(self.scoped(scope).platform()))
    }

    fn test_seed(&self, scope: &Scope) -> Option<Arc<dyn TestSeed>> {
        self.allow_test_seed
            .then(|| Arc::new(self.scoped(scope).seed()) as Arc<dyn TestSeed>)
    }
}
