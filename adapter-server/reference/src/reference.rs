//! The storage as a whole, and the only file that knows all stores: opens the database,
//! starts what runs beside the calls, and puts the stores of one org together for a call.

use crate::config::ReferenceConfig;
use crate::context::StoreCtx;
use crate::db::Db;
use crate::db::open::{DatabaseUrl, OpenError};
use crate::idempotency::Pruning;
use crate::labour::Labour;
use crate::platform_file;
use crate::platform_file::{Exported, FileFormat, ImportError, Imported, SecretSource};
use crate::rotation;
use crate::rotation::Rewrapped;
use crate::seal::KeyRing;
use crate::stores::agent_store::Agents;
use crate::stores::budget_checker::Budgets;
use crate::stores::egress::{Guarded, Sender};
use crate::stores::event_emitter::{Appender, Events, Feeds};
use crate::stores::harness_store::Harnesses;
use crate::stores::image_artifact_store::Images;
use crate::stores::leased_resource_store::Leases;
use crate::stores::llm_provider_store::Models;
use crate::stores::mcp::McpServers;
use crate::stores::memory_store::Memories;
use crate::stores::message_retriever::Messages;
use crate::stores::outbound_tool_rate_limiter::{Calls, RateLimiter};
use crate::stores::payment_authority::{
    LedgerOnly, PaymentBackend, Payments, Settler, settle_loop,
};
use crate::stores::platform_store::{Platform, PlatformSettings};
use crate::stores::provider_credential_store::ProviderKeys;
use crate::stores::runtime_host;
use crate::stores::session_file_system::Files;
use crate::stores::session_mutator::SessionChanges;
use crate::stores::session_resource_registry::Resources;
use crate::stores::session_schedule_store::{Firing, Schedules, fire_loop};
use crate::stores::session_sql_db_store::{SessionDatabases, SqlEngine};
use crate::stores::session_storage_store::SessionStorage;
use crate::stores::session_store::Sessions;
use crate::stores::streaming_reads::LargeReads;
use crate::stores::test_seed::Seed;
use crate::stores::turn_queue::{Announcer, TurnBell, Turns};
use crate::stores::user_connection_resolver::Connections;
use crate::stores::utility_llm::Model;
use async_trait::async_trait;
use everruns_core::egress::EgressService;
use everruns_core::message_retriever::MessageRetriever;
use everruns_core::platform_store::PlatformStore;
use everruns_core::traits::{
    AgentStore, BudgetChecker, EventEmitter, HarnessStore, ImageArtifactStore, ImageResolver,
    LeasedResourceStore, LlmProviderStore, PaymentAuthority, ProviderCredentialStore,
    SessionFileSystem, SessionMutator, SessionResourceRegistry, SessionScheduleStore,
    SessionSqlDbStoreRef, SessionStorageStore, SessionStore, UserConnectionResolver,
};
use everruns_core::typed_id::{AgentId, HarnessId, SessionId};
use everruns_core::{
    Agent, AgentLoopError, CapabilityRegistry, DriverRegistry, Harness, MemoryStoreBackend,
    OutboundToolRateLimiter, Session, SessionStatus, UtilityLlmService,
};
use everruns_runtime::{RuntimeHostAdapter, RuntimeHostTurnContext};
use mortise_adapter_server::{
    AdapterSource, EventStore, McpDirectory, Outage, Scope, SqlDatabases, StreamingReads, TestSeed,
    TurnQueue,
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

/// The reference storage for one call: it sees one org.
#[derive(Debug, Clone)]
pub struct ScopedReference {
    inner: Arc<Inner>,
    ctx: StoreCtx,
}

/// What the calls share, each of it handed to the stores that need it.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) db: Arc<Db>,
    pruning: Arc<Pruning>,
    appender: Appender,
    announcer: Announcer,
    calls: Arc<Calls>,
    egress: Sender,
    utility_llm: Option<Model>,
    pub(crate) settler: Arc<Settler>,
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
            fire_schedules,
        } = config;
        let announcer = Announcer {
            feeds: Arc::new(Feeds::default()),
            bell: Arc::new(TurnBell::default()),
        };
        let feeds = announcer.feeds.clone();
        let backend: Arc<dyn PaymentBackend> = payments.unwrap_or_else(|| Arc::new(LedgerOnly));
        let inner = Arc::new(Inner {
            appender: Appender::start(db.clone(), pruning.clone(), feeds),
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

    fn test_seed(&self, scope: &Scope) -> Option<Arc<dyn TestSeed>> {
        self.allow_test_seed
            .then(|| Arc::new(self.scoped(scope).seed()) as Arc<dyn TestSeed>)
    }
}

// === impl ScopedReference ===

/// Each store with its context and its own state, and nothing else.
impl ScopedReference {
    fn ctx(&self) -> StoreCtx {
        self.ctx.clone()
    }

    pub(crate) fn agents(&self) -> Agents {
        Agents { ctx: self.ctx() }
    }

    pub(crate) fn harnesses(&self) -> Harnesses {
        Harnesses { ctx: self.ctx() }
    }

    pub(crate) fn sessions(&self) -> Sessions {
        Sessions { ctx: self.ctx() }
    }

    pub(crate) fn session_changes(&self) -> SessionChanges {
        SessionChanges { ctx: self.ctx() }
    }

    pub(crate) fn models(&self) -> Models {
        Models { ctx: self.ctx() }
    }

    pub(crate) fn messages(&self) -> Messages {
        Messages { ctx: self.ctx() }
    }

    pub(crate) fn events(&self) -> Events {
        Events {
            ctx: self.ctx(),
            appender: self.inner.appender.clone(),
            feeds: self.inner.announcer.feeds.clone(),
        }
    }

    pub(crate) fn files(&self) -> Files {
        Files {
            ctx: self.ctx(),
            labour: self.inner.labour.clone(),
        }
    }

    pub(crate) fn images(&self) -> Images {
        Images { ctx: self.ctx() }
    }

    pub(crate) fn provider_keys(&self) -> ProviderKeys {
        ProviderKeys { ctx: self.ctx() }
    }

    pub(crate) fn connections(&self) -> Connections {
        Connections { ctx: self.ctx() }
    }

    pub(crate) fn memories(&self) -> Memories {
        Memories { ctx: self.ctx() }
    }

    pub(crate) fn budgets(&self, agent_id: Option<AgentId>) -> Budgets {
        Budgets {
            ctx: self.ctx(),
            agent_id,
        }
    }

    pub(crate) fn rate_limiter(&self) -> RateLimiter {
        RateLimiter {
            ctx: self.ctx(),
            calls: self.inner.calls.clone(),
        }
    }

    pub(crate) fn leases(&self) -> Leases {
        Leases { ctx: self.ctx() }
    }

    pub(crate) fn resources(&self) -> Resources {
        Resources { ctx: self.ctx() }
    }

    pub(crate) fn schedules(&self) -> Schedules {
        Schedules {
            ctx: self.ctx(),
            changed: self.inner.schedules_changed.clone(),
        }
    }

    pub(crate) fn databases(&self) -> SessionDatabases {
        SessionDatabases {
            ctx: self.ctx(),
            engine: self.inner.sql.clone(),
        }
    }

    pub(crate) fn payments(&self, agent_id: Option<AgentId>) -> Payments {
        Payments {
            ctx: self.ctx(),
            backend: self.inner.settler.backend.clone(),
            agent_id,
        }
    }

    pub(crate) fn platform(&self) -> Platform {
        Platform {
            ctx: self.ctx(),
            settings: self.inner.platform.clone(),
            announcer: self.inner.announcer.clone(),
        }
    }

    pub(crate) fn storage(&self) -> SessionStorage {
        SessionStorage { ctx: self.ctx() }
    }

    pub(crate) fn large_reads(&self) -> LargeReads {
        LargeReads { ctx: self.ctx() }
    }

    pub(crate) fn mcp_servers(&self) -> McpServers<Self> {
        McpServers {
            ctx: self.ctx(),
            adapter: self.clone(),
        }
    }

    pub(crate) fn turns(&self) -> Turns {
        Turns {
            ctx: self.ctx(),
            bell: self.inner.announcer.bell.clone(),
        }
    }

    pub(crate) fn seed(&self) -> Seed {
        Seed { ctx: self.ctx() }
    }
}

/// The org is the scope's, whatever org a getter names: one call is for one org.
#[async_trait]
impl RuntimeHostAdapter for ScopedReference {
    async fn get_agent(
        &self,
        _org_id: i64,
        agent_id: AgentId,
    ) -> Result<Option<Agent>, AgentLoopError> {
        self.agents().get_agent(agent_id).await
    }

    async fn get_harness(
        &self,
        _org_id: i64,
        harness_id: HarnessId,
    ) -> Result<Option<Harness>, AgentLoopError> {
        let chain = self.harnesses().get_harness_chain(harness_id).await?;
        Ok(chain.into_iter().last())
    }

    async fn set_session_status(
        &self,
        _org_id: i64,
        session_id: SessionId,
        status: SessionStatus,
    ) -> Result<Session, AgentLoopError> {
        runtime_host::set_session_status(&self.ctx, session_id, status).await
    }

    async fn load_turn_context(
        &self,
        _org_id: i64,
        session_id: SessionId,
    ) -> Result<RuntimeHostTurnContext, AgentLoopError> {
        runtime_host::load_turn_context(&self.ctx, session_id).await
    }

    // Capabilities and drivers are code, and code runs on the host's side of the wire.
    fn capability_registry(&self) -> CapabilityRegistry {
        CapabilityRegistry::new()
    }

    fn driver_registry(&self) -> DriverRegistry {
        DriverRegistry::new()
    }

    fn harness_store(&self, _org_id: i64) -> Arc<dyn HarnessStore> {
        Arc::new(self.harnesses())
    }

    fn agent_store(&self, _org_id: i64) -> Arc<dyn AgentStore> {
        Arc::new(self.agents())
    }

    fn session_store(&self, _org_id: i64) -> Arc<dyn SessionStore> {
        Arc::new(self.sessions())
    }

    fn session_mutator(&self, _org_id: i64) -> Arc<dyn SessionMutator> {
        Arc::new(self.session_changes())
    }

    fn provider_store(&self, _org_id: i64) -> Arc<dyn LlmProviderStore> {
        Arc::new(self.models())
    }

    fn message_store(&self) -> Arc<dyn MessageRetriever> {
        Arc::new(self.messages())
    }

    fn event_emitter(&self) -> Arc<dyn EventEmitter> {
        Arc::new(self.events())
    }

    fn file_store(&self) -> Arc<dyn SessionFileSystem> {
        Arc::new(self.files())
    }

    fn image_resolver(&self, _org_id: i64) -> Option<Arc<dyn ImageResolver>> {
        Some(Arc::new(self.images()))
    }

    fn image_artifact_store(&self, _org_id: i64) -> Option<Arc<dyn ImageArtifactStore>> {
        Some(Arc::new(self.images()))
    }

    fn provider_credential_store(&self, _org_id: i64) -> Option<Arc<dyn ProviderCredentialStore>> {
        Some(Arc::new(self.provider_keys()))
    }

    fn connection_resolver(&self) -> Option<Arc<dyn UserConnectionResolver>> {
        Some(Arc::new(self.connections()))
    }

    fn egress_service(&self) -> Option<Arc<dyn EgressService>> {
        Some(self.inner.egress.0.clone())
    }

    fn utility_llm_service(&self) -> Option<Arc<dyn UtilityLlmService>> {
        let model = self.inner.utility_llm.as_ref()?;
        Some(model.0.clone())
    }

    fn memory_store(&self, _org_id: i64) -> Option<Arc<dyn MemoryStoreBackend>> {
        Some(Arc::new(self.memories()))
    }

    fn budget_checker(
        &self,
        _org_id: i64,
        agent_id: Option<AgentId>,
    ) -> Option<Arc<dyn BudgetChecker>> {
        Some(Arc::new(self.budgets(agent_id)))
    }

    fn outbound_tool_rate_limiter(&self, _org_id: i64) -> Option<Arc<dyn OutboundToolRateLimiter>> {
        Some(Arc::new(self.rate_limiter()))
    }

    fn leased_resource_store(&self) -> Option<Arc<dyn LeasedResourceStore>> {
        Some(Arc::new(self.leases()))
    }

    fn session_resource_registry(&self) -> Option<Arc<dyn SessionResourceRegistry>> {
        Some(Arc::new(self.resources()))
    }

    fn schedule_store(&self, _org_id: i64) -> Option<Arc<dyn SessionScheduleStore>> {
        Some(Arc::new(self.schedules()))
    }

    fn sqldb_store(&self) -> Option<SessionSqlDbStoreRef> {
        Some(Arc::new(self.databases()))
    }

    fn payment_authority(
        &self,
        _org_id: i64,
        agent_id: Option<AgentId>,
    ) -> Option<Arc<dyn PaymentAuthority>> {
        Some(Arc::new(self.payments(agent_id)))
    }

    fn platform_store(
        &self,
        _org_id: i64,
        _session_id: SessionId,
    ) -> Option<Arc<dyn PlatformStore>> {
        Some(Arc::new(self.platform()))
    }

    fn storage_store(&self) -> Option<Arc<dyn SessionStorageStore>> {
        Some(Arc::new(self.storage()))
    }
}
