//! The storage for one call: each store with its context and its own state, and upstream's
//! trait, which hands them out.

use crate::context::StoreCtx;
use crate::reference::Inner;
use crate::stores::agent_store::Agents;
use crate::stores::budget_checker::Budgets;
use crate::stores::event_emitter::Events;
use crate::stores::harness_store::Harnesses;
use crate::stores::image_artifact_store::Images;
use crate::stores::leased_resource_store::Leases;
use crate::stores::llm_provider_store::Models;
use crate::stores::mcp::McpServers;
use crate::stores::memory_store::Memories;
use crate::stores::message_retriever::Messages;
use crate::stores::outbound_tool_rate_limiter::RateLimiter;
use crate::stores::payment_authority::Payments;
use crate::stores::platform_store::Platform;
use crate::stores::provider_credential_store::ProviderKeys;
use crate::stores::runtime_host;
use crate::stores::session_file_system::Files;
use crate::stores::session_lease::SessionLeases;
use crate::stores::session_mutator::SessionChanges;
use crate::stores::session_resource_registry::Resources;
use crate::stores::session_schedule_store::Schedules;
use crate::stores::session_sql_db_store::SessionDatabases;
use crate::stores::session_storage_store::SessionStorage;
use crate::stores::session_store::Sessions;
use crate::stores::streaming_reads::LargeReads;
use crate::stores::test_seed::Seed;
use crate::stores::turn_journal::UnfinishedTurns;
use crate::stores::turn_queue::Turns;
use crate::stores::user_connection_resolver::Connections;
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
use std::sync::Arc;

/// The reference storage for one call: it sees one org.
#[derive(Debug, Clone)]
pub struct ScopedReference {
    pub(super) inner: Arc<Inner>,
    pub(super) ctx: StoreCtx,
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
            recent: self.inner.recent.clone(),
            refuse_unfenced_turn_events: self.inner.refuse_unfenced_turn_events,
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

    pub(crate) fn session_leases(&self) -> SessionLeases {
        SessionLeases {
            ctx: self.ctx(),
            board: self.inner.session_leases.clone(),
        }
    }

    pub(crate) fn unfinished_turns(&self) -> UnfinishedTurns<SessionLeases> {
        UnfinishedTurns {
            ctx: self.ctx(),
            leases: self.session_leases(),
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
