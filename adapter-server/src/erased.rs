//! An adapter and its source without their types. The services stand on these alone, so
//! that they are compiled once, in this crate, and not again for every adapter.

use crate::{
    AdapterSource, EventStore, McpDirectory, Outage, Scope, SessionFactory, SessionLeases,
    SqlDatabases, StreamingReads, TestSeed, TurnJournals, TurnQueue,
};
use everruns_core::error::Result;
use everruns_core::message_retriever::MessageRetriever;
use everruns_core::platform_store::PlatformStore;
use everruns_core::session::SessionStatus;
use everruns_core::traits::{
    AgentStore, BudgetChecker, EventEmitter, HarnessStore, ImageArtifactStore, ImageResolver,
    LeasedResourceStore, LlmProviderStore, PaymentAuthority, ProviderCredentialStore,
    SessionFileSystem, SessionMutator, SessionResourceRegistry, SessionScheduleStore,
    SessionSqlDbStoreRef, SessionStorageStore, SessionStore, UserConnectionResolver,
};
use everruns_core::typed_id::{AgentId, HarnessId, SessionId};
use everruns_core::{
    Agent, EgressService, Harness, MemoryStoreBackend, OutboundToolRateLimiter, Session,
    UtilityLlmService,
};
use everruns_runtime::{RuntimeHostAdapter, RuntimeHostTurnContext};
use futures::future::BoxFuture;
use mortise_proto::pb;
use std::sync::Arc;
use tokio::sync::watch;

/// An [`AdapterSource`] without its type.
pub(crate) trait AnySource: Send + Sync {
    fn adapter(&self, scope: &Scope) -> Box<dyn AnyAdapter>;
    fn scoping(&self) -> pb::Scoping;
    fn remembers_requests_of(&self, service: &str) -> bool;
    fn outage(&self) -> Option<watch::Receiver<Option<Outage>>>;
    fn checks_fences(&self) -> bool;
    fn unfenced_changes(&self) -> pb::UnfencedChanges;
}

/// What one call may ask for: the upstream adapter's methods that are called from
/// outside, and what its source has beyond them.
pub(crate) trait AnyAdapter: Send + Sync {
    fn get_agent(&self, org_id: i64, agent_id: AgentId) -> BoxFuture<'_, Result<Option<Agent>>>;
    fn get_harness(
        &self,
        org_id: i64,
        harness_id: HarnessId,
    ) -> BoxFuture<'_, Result<Option<Harness>>>;
    fn set_session_status(
        &self,
        org_id: i64,
        session_id: SessionId,
        status: SessionStatus,
    ) -> BoxFuture<'_, Result<Session>>;
    fn load_turn_context(
        &self,
        org_id: i64,
        session_id: SessionId,
    ) -> BoxFuture<'_, Result<RuntimeHostTurnContext>>;
    fn harness_store(&self, org_id: i64) -> Arc<dyn HarnessStore>;
    fn agent_store(&self, org_id: i64) -> Arc<dyn AgentStore>;
    fn session_store(&self, org_id: i64) -> Arc<dyn SessionStore>;
    fn session_mutator(&self, org_id: i64) -> Arc<dyn SessionMutator>;
    fn provider_store(&self, org_id: i64) -> Arc<dyn LlmProviderStore>;
    fn message_store(&self) -> Arc<dyn MessageRetriever>;
    fn event_emitter(&self) -> Arc<dyn EventEmitter>;
    fn file_store(&self) -> Arc<dyn SessionFileSystem>;
    fn image_resolver(&self, org_id: i64) -> Option<Arc<dyn ImageResolver>>;
    fn image_artifact_store(&self, org_id: i64) -> Option<Arc<dyn ImageArtifactStore>>;
    fn provider_credential_store(&self, org_id: i64) -> Option<Arc<dyn ProviderCredentialStore>>;
    fn utility_llm_service(&self) -> Option<Arc<dyn UtilityLlmService>>;
    fn egress_service(&self) -> Option<Arc<dyn EgressService>>;
    fn storage_store(&self) -> Option<Arc<dyn SessionStorageStore>>;
    fn memory_store(&self, org_id: i64) -> Option<Arc<dyn MemoryStoreBackend>>;
    fn connection_resolver(&self) -> Option<Arc<dyn UserConnectionResolver>>;
    fn sqldb_store(&self) -> Option<SessionSqlDbStoreRef>;
    fn leased_resource_store(&self) -> Option<Arc<dyn LeasedResourceStore>>;
    fn session_resource_registry(&self) -> Option<Arc<dyn SessionResourceRegistry>>;
    fn schedule_store(&self, org_id: i64) -> Option<Arc<dyn SessionScheduleStore>>;
    fn platform_store(&self, org_id: i64, session_id: SessionId) -> Option<Arc<dyn PlatformStore>>;
    fn budget_checker(
        &self,
        org_id: i64,
        agent_id: Option<AgentId>,
    ) -> Option<Arc<dyn BudgetChecker>>;
    fn payment_authority(
        &self,
        org_id: i64,
        agent_id: Option<AgentId>,
    ) -> Option<Arc<dyn PaymentAuthority>>;
    fn outbound_tool_rate_limiter(&self, org_id: i64) -> Option<Arc<dyn OutboundToolRateLimiter>>;
    fn event_store(&self, scope: &Scope) -> Option<Arc<dyn EventStore>>;
    fn streaming_reads(&self, scope: &Scope) -> Option<Arc<dyn StreamingReads>>;
    fn mcp_directory(&self, scope: &Scope) -> Option<Arc<dyn McpDirectory>>;
    fn sql_databases(&self, scope: &Scope) -> Option<Arc<dyn SqlDatabases>>;
    fn turn_queue(&self, scope: &Scope) -> Option<Arc<dyn TurnQueue>>;
    fn session_leases(&self, scope: &Scope) -> Option<Arc<dyn SessionLeases>>;
    fn turn_journal(&self, scope: &Scope) -> Option<Arc<dyn TurnJournals>>;
    fn session_factory(&self, scope: &Scope) -> Option<Arc<dyn SessionFactory>>;
    fn test_seed(&self, scope: &Scope) -> Option<Arc<dyn TestSeed>>;
}

/// A source that is shared by the calls it serves.
pub(crate) struct SharedSource<S>(pub(crate) Arc<S>);

/// The adapter of one call, and the source it comes from.
struct ForCall<S: AdapterSource> {
    source: Arc<S>,
    adapter: S::Adapter,
}

// === impl SharedSource ===

impl<S: AdapterSource> AnySource for SharedSource<S> {
    fn adapter(&self, scope: &Scope) -> Box<dyn AnyAdapter> {
        Box::new(ForCall {
            source: self.0.clone(),
            adapter: self.0.adapter(scope),
        })
    }

    fn scoping(&self) -> pb::Scoping {
        self.0.scoping()
    }

    fn remembers_requests_of(&self, service: &str) -> bool {
        self.0.remembers_requests_of(service)
    }

    fn outage(&self) -> Option<watch::Receiver<Option<Outage>>> {
        self.0.outage()
    }

    fn checks_fences(&self) -> bool {
        self.0.checks_fences()
    }

    fn unfenced_changes(&self) -> pb::UnfencedChanges {
        self.0.unfenced_changes()
    }
}

// === impl ForCall ===

impl<S: AdapterSource> AnyAdapter for ForCall<S> {
    fn get_agent(&self, org_id: i64, agent_id: AgentId) -> BoxFuture<'_, Result<Option<Agent>>> {
        self.adapter.get_agent(org_id, agent_id)
    }
    fn get_harness(
        &self,
        org_id: i64,
        harness_id: HarnessId,
    ) -> BoxFuture<'_, Result<Option<Harness>>> {
        self.adapter.get_harness(org_id, harness_id)
    }
    fn set_session_status(
        &self,
        org_id: i64,
        session_id: SessionId,
        status: SessionStatus,
    ) -> BoxFuture<'_, Result<Session>> {
        self.adapter.set_session_status(org_id, session_id, status)
    }
    fn load_turn_context(
        &self,
        org_id: i64,
        session_id: SessionId,
    ) -> BoxFuture<'_, Result<RuntimeHostTurnContext>> {
        self.adapter.load_turn_context(org_id, session_id)
    }
    fn harness_store(&self, org_id: i64) -> Arc<dyn HarnessStore> {
        self.adapter.harness_store(org_id)
    }
    fn agent_store(&self, org_id: i64) -> Arc<dyn AgentStore> {
        self.adapter.agent_store(org_id)
    }
    fn session_store(&self, org_id: i64) -> Arc<dyn SessionStore> {
        self.adapter.session_store(org_id)
    }
    fn session_mutator(&self, org_id: i64) -> Arc<dyn SessionMutator> {
        self.adapter.session_mutator(org_id)
    }
    fn provider_store(&self, org_id: i64) -> Arc<dyn LlmProviderStore> {
        self.adapter.provider_store(org_id)
    }
    fn message_store(&self) -> Arc<dyn MessageRetriever> {
        self.adapter.message_store()
    }
    fn event_emitter(&self) -> Arc<dyn EventEmitter> {
        self.adapter.event_emitter()
    }
    fn file_store(&self) -> Arc<dyn SessionFileSystem> {
        self.adapter.file_store()
    }
    fn image_resolver(&self, org_id: i64) -> Option<Arc<dyn ImageResolver>> {
        self.adapter.image_resolver(org_id)
    }
    fn image_artifact_store(&self, org_id: i64) -> Option<Arc<dyn ImageArtifactStore>> {
        self.adapter.image_artifact_store(org_id)
    }
    fn provider_credential_store(&self, org_id: i64) -> Option<Arc<dyn ProviderCredentialStore>> {
        self.adapter.provider_credential_store(org_id)
    }
    fn utility_llm_service(&self) -> Option<Arc<dyn UtilityLlmService>> {
        self.adapter.utility_llm_service()
    }
    fn egress_service(&self) -> Option<Arc<dyn EgressService>> {
        self.adapter.egress_service()
    }
    fn storage_store(&self) -> Option<Arc<dyn SessionStorageStore>> {
        self.adapter.storage_store()
    }
    fn memory_store(&self, org_id: i64) -> Option<Arc<dyn MemoryStoreBackend>> {
        self.adapter.memory_store(org_id)
    }
    fn connection_resolver(&self) -> Option<Arc<dyn UserConnectionResolver>> {
        self.adapter.connection_resolver()
    }
    fn sqldb_store(&self) -> Option<SessionSqlDbStoreRef> {
        self.adapter.sqldb_store()
    }
    fn leased_resource_store(&self) -> Option<Arc<dyn LeasedResourceStore>> {
        self.adapter.leased_resource_store()
    }
    fn session_resource_registry(&self) -> Option<Arc<dyn SessionResourceRegistry>> {
        self.adapter.session_resource_registry()
    }
    fn schedule_store(&self, org_id: i64) -> Option<Arc<dyn SessionScheduleStore>> {
        self.adapter.schedule_store(org_id)
    }
    fn platform_store(&self, org_id: i64, session_id: SessionId) -> Option<Arc<dyn PlatformStore>> {
        self.adapter.platform_store(org_id, session_id)
    }
    fn budget_checker(
        &self,
        org_id: i64,
        agent_id: Option<AgentId>,
    ) -> Option<Arc<dyn BudgetChecker>> {
        self.adapter.budget_checker(org_id, agent_id)
    }
    fn payment_authority(
        &self,
        org_id: i64,
        agent_id: Option<AgentId>,
    ) -> Option<Arc<dyn PaymentAuthority>> {
        self.adapter.payment_authority(org_id, agent_id)
    }
    fn outbound_tool_rate_limiter(&self, org_id: i64) -> Option<Arc<dyn OutboundToolRateLimiter>> {
        self.adapter.outbound_tool_rate_limiter(org_id)
    }
    fn event_store(&self, scope: &Scope) -> Option<Arc<dyn EventStore>> {
        self.source.event_store(scope)
    }
    fn streaming_reads(&self, scope: &Scope) -> Option<Arc<dyn StreamingReads>> {
        self.source.streaming_reads(scope)
    }
    fn mcp_directory(&self, scope: &Scope) -> Option<Arc<dyn McpDirectory>> {
        self.source.mcp_directory(scope)
    }
    fn sql_databases(&self, scope: &Scope) -> Option<Arc<dyn SqlDatabases>> {
        self.source.sql_databases(scope)
    }

    fn turn_queue(&self, scope: &Scope) -> Option<Arc<dyn TurnQueue>> {
        self.source.turn_queue(scope)
    }
    fn session_leases(&self, scope: &Scope) -> Option<Arc<dyn SessionLeases>> {
        self.source.session_leases(scope)
    }
    fn turn_journal(&self, scope: &Scope) -> Option<Arc<dyn TurnJournals>> {
        self.source.turn_journal(scope)
    }
    fn session_factory(&self, scope: &Scope) -> Option<Arc<dyn SessionFactory>> {
        self.source.session_factory(scope)
    }
    fn test_seed(&self, scope: &Scope) -> Option<Arc<dyn TestSeed>> {
        self.source.test_seed(scope)
    }
}
