//! [`GrpcHostAdapter`]: the upstream trait, with stores that answer over gRPC.

mod builder;
mod leased;
mod phases;
mod tapped;

pub use builder::AdapterBuilder;

use crate::mesh::Mesh;
use crate::mesh::change::EventIds;
use crate::mesh::offers::Offers;
use crate::mesh::tap::CallTap;
use crate::phase::Phase;
use crate::stores::{
    Budgets, McpTools, OnChange, Platform, Remote, RemotePayments, RemoteUtilityLlm, executor,
    mcp_servers,
};
use crate::{RemoteEventLog, RemoteSessionFactory, RemoteTestSeed, RemoteTurnQueue};
use async_trait::async_trait;
use everruns_core::egress::EgressService;
use everruns_core::error::Result;
use everruns_core::events::{Event, EventRequest};
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
use everruns_core::{Agent, CapabilityRegistry, DriverRegistry, Harness, Session};
use everruns_core::{MemoryStoreBackend, OutboundToolRateLimiter, UtilityLlmService};
use everruns_mcp::McpExecutor;
use everruns_runtime::{RuntimeHostAdapter, RuntimeHostTurnContext};
use mortise_proto::pb::Feature;
use mortise_proto::rpc::table;
use std::fmt;
use std::sync::Arc;
use tapped::Tapped;
use uuid::Uuid;

/// Sees every event that was emitted through an adapter. Called in the middle of a
/// turn: it must not block.
pub type EventTap = Arc<dyn Fn(&Event) + Send + Sync>;

/// Changes an event before it is emitted through an adapter. Called in the middle of a
/// turn: it must not block.
pub type EventEdit = Arc<dyn Fn(&mut EventRequest) + Send + Sync>;

/// An implementation of `RuntimeHostAdapter` for one org. Cheap to clone.
#[derive(Clone)]
pub struct GrpcHostAdapter {
    shared: Arc<Shared>,
    remote: Remote,
    /// Set in the adapter that a phase hands out.
    phase: Option<Arc<Phase>>,
    taps: Vec<EventTap>,
    edit: Option<EventEdit>,
}

struct Shared {
    offers: Offers,
    capabilities: CapabilityRegistry,
    drivers: DriverRegistry,
    /// `None` where no adapter lists MCP servers, or none sends to them.
    mcp_tools: Option<McpTools>,
}

// === impl GrpcHostAdapter ===

impl GrpcHostAdapter {
    /// The org it serves, by the host's internal id.
    #[must_use]
    pub fn org_id(&self) -> i64 {
        self.remote.org.id
    }

    /// What the mesh's adapters offer to this org.
    #[must_use]
    pub fn offers(&self) -> &Offers {
        &self.shared.offers
    }

    /// The mesh under it.
    #[must_use]
    pub fn mesh(&self) -> &Mesh {
        &self.remote.mesh
    }

    /// The stored events of the org's sessions, where they are offered.
    #[must_use]
    pub fn event_log(&self) -> Option<RemoteEventLog> {
        let offered = self.offers().has(table::event_log_service::NAME);
        offered.then(|| RemoteEventLog {
            remote: self.remote.clone(),
        })
    }

    /// The turns that the storage asks for, where it is offered.
    #[must_use]
    pub fn turn_queue(&self) -> Option<RemoteTurnQueue> {
        let offered = self.offers().has(table::turn_queue_service::NAME);
        offered.then(|| RemoteTurnQueue {
            remote: self.remote.clone(),
        })
    }

    /// The way to create sessions outside of every session, where it is offered.
    #[must_use]
    pub fn session_factory(&self) -> Option<RemoteSessionFactory> {
        let name = table::platform_store_service::NAME;
        // The nil id: the host calls for no session.
        let nil = SessionId::from_uuid(Uuid::nil());
        self.offers().has(name).then(|| RemoteSessionFactory {
            remote: self.remote.in_session(nil),
            takes_settings: self.offers().has_feature(name, Feature::SessionSettings),
        })
    }

    /// The way to put records in, where it is offered.
    #[must_use]
    pub fn test_seed(&self) -> Option<RemoteTestSeed> {
        let offered = self.offers().has(table::test_seed_service::NAME);
        offered.then(|| RemoteTestSeed {
            remote: self.remote.clone(),
        })
    }

    /// The same adapter, whose emitted events `tap` is shown too.
    #[must_use]
    pub fn tapped(mut self, tap: EventTap) -> Self {
        self.taps.push(tap);
        self
    }

    /// The same adapter, whose events `edit` changes before they are emitted, in place of
    /// one before.
    #[must_use]
    pub fn edited(mut self, edit: EventEdit) -> Self {
        self.edit = Some(edit);
        self
    }

    /// The same adapter, whose events have the request ids that `ids` gives them: one that
    /// is emitted again, also by another process, is stored once.
    #[must_use]
    pub fn with_event_ids(mut self, ids: EventIds) -> Self {
        let mut request_ids = self.remote.org.request_ids.clone();
        request_ids.events = Some(ids);
        self.remote = self.remote.with_request_ids(request_ids);
        self
    }

    /// The same adapter, for one change that has this request id: sent again, also by
    /// another process, it happens once. For one call of one method that changes
    /// something: a server refuses the id with another method. Events have ids of their
    /// own.
    #[must_use]
    pub fn for_change(mut self, request_id: Uuid) -> Self {
        let mut request_ids = self.remote.org.request_ids.clone();
        request_ids.change = Some(request_id);
        self.remote = self.remote.with_request_ids(request_ids);
        self
    }

    /// The same adapter, whose stores' calls `tap` is shown, in place of one before.
    #[must_use]
    pub fn calls_tapped(mut self, tap: CallTap) -> Self {
        self.remote = self.remote.tapped(tap);
        self
    }

    /// The same adapter for a turn whose time is over then: no call outlives it, and servers
    /// are told how much is left. Events are stored whatever the time.
    #[must_use]
    pub fn until(mut self, until: tokio::time::Instant) -> Self {
        self.remote = self.remote.until(until);
        self
    }

    /// The phase, where it may answer: it is bound to its own org.
    fn phase_for(&self, org_id: i64) -> Option<Arc<Phase>> {
        let own = org_id == self.org_id();
        self.phase.clone().filter(|_| own)
    }

    /// A store, if its service is offered.
    fn offered<T: ?Sized>(&self, service: &str, store: Arc<T>) -> Option<Arc<T>> {
        self.offers().has(service).then_some(store)
    }
}

#[async_trait]
impl RuntimeHostAdapter for GrpcHostAdapter {
    async fn get_agent(&self, org_id: i64, agent_id: AgentId) -> Result<Option<Agent>> {
        match self.phase_for(org_id) {
            Some(phase) => phase.host_agent(agent_id).await,
            None => self.remote.for_org(org_id).host_agent(agent_id).await,
        }
    }

    async fn get_harness(&self, org_id: i64, harness_id: HarnessId) -> Result<Option<Harness>> {
        match self.phase_for(org_id) {
            Some(phase) => phase.host_harness(harness_id).await,
            None => self.remote.for_org(org_id).host_harness(harness_id).await,
        }
    }

    async fn set_session_status(
        &self,
        org_id: i64,
        session_id: SessionId,
        status: SessionStatus,
    ) -> Result<Session> {
        let phase = self.phase_for(org_id);
        let _writing = phase.as_ref().map(|phase| phase.invalidate());
        let remote = self.remote.for_org(org_id);
        let set = remote.set_session_status(session_id, status).await;
        // Upstream logs this failure and goes on.
        set.map_err(|error| match &phase {
            Some(phase) => phase.record_failure(error.into()),
            None => error,
        })
    }

    async fn load_turn_context(
        &self,
        org_id: i64,
        session_id: SessionId,
    ) -> Result<RuntimeHostTurnContext> {
        let remote = self.remote.for_org(org_id);
        let mut context = match self.phase_for(org_id) {
            Some(phase) => phase.load_turn_context(session_id).await?,
            None => remote.load_turn_context(session_id).await?,
        };
        if let Some(tools) = &self.shared.mcp_tools {
            let listed = match self.phase_for(org_id) {
                Some(phase) => phase.mcp_servers(session_id).await?,
                None => mcp_servers(&remote, session_id).await?,
            };
            let definitions = &mut context.mcp_tool_definitions;
            tools.add(&remote, session_id, listed, definitions).await;
        }
        Ok(context)
    }

    fn capability_registry(&self) -> CapabilityRegistry {
        self.shared.capabilities.clone()
    }

    fn driver_registry(&self) -> DriverRegistry {
        self.shared.drivers.clone()
    }

    fn harness_store(&self, org_id: i64) -> Arc<dyn HarnessStore> {
        match self.phase_for(org_id) {
            Some(phase) => phase,
            None => Arc::new(self.remote.for_org(org_id)),
        }
    }

    fn agent_store(&self, org_id: i64) -> Arc<dyn AgentStore> {
        match self.phase_for(org_id) {
            Some(phase) => phase,
            None => Arc::new(self.remote.for_org(org_id)),
        }
    }

    fn session_store(&self, org_id: i64) -> Arc<dyn SessionStore> {
        match self.phase_for(org_id) {
            Some(phase) => phase,
            None => Arc::new(self.remote.for_org(org_id)),
        }
    }

    fn session_mutator(&self, org_id: i64) -> Arc<dyn SessionMutator> {
        match self.phase_for(org_id) {
            Some(phase) => phase,
            None => Arc::new(self.remote.for_org(org_id)),
        }
    }

    fn provider_store(&self, org_id: i64) -> Arc<dyn LlmProviderStore> {
        match self.phase_for(org_id) {
            Some(phase) => phase,
            None => Arc::new(self.remote.for_org(org_id)),
        }
    }

    fn message_store(&self) -> Arc<dyn MessageRetriever> {
        match self.phase.clone() {
            Some(phase) => phase,
            None => Arc::new(self.remote.clone()),
        }
    }

    fn event_emitter(&self) -> Arc<dyn EventEmitter> {
        let emitter: Arc<dyn EventEmitter> = match self.phase.clone() {
            Some(phase) => phase,
            None => Arc::new(self.remote.clone()),
        };
        if self.taps.is_empty() && self.edit.is_none() {
            return emitter;
        }
        Arc::new(Tapped {
            emitter,
            taps: self.taps.clone(),
            edit: self.edit.clone(),
        })
    }

    fn file_store(&self) -> Arc<dyn SessionFileSystem> {
        Arc::new(self.remote.clone())
    }

    fn egress_service(&self) -> Option<Arc<dyn EgressService>> {
        self.offered(table::egress_service::NAME, Arc::new(self.remote.clone()))
    }

    fn utility_llm_service(&self) -> Option<Arc<dyn UtilityLlmService>> {
        const NAME: &str = table::utility_llm_service::NAME;
        let (remote, feature) = (self.remote.clone(), Feature::UtilityLlmConfigured);
        let is_configured = self.offers().has_feature(NAME, feature);
        self.offered(
            NAME,
            Arc::new(RemoteUtilityLlm {
                remote,
                is_configured,
            }),
        )
    }

    fn memory_store(&self, org_id: i64) -> Option<Arc<dyn MemoryStoreBackend>> {
        self.offered(
            table::memory_store_service::NAME,
            Arc::new(self.remote.for_org(org_id)),
        )
    }

    fn budget_checker(
        &self,
        org_id: i64,
        agent_id: Option<AgentId>,
    ) -> Option<Arc<dyn BudgetChecker>> {
        let remote = self.remote.for_org(org_id);
        self.offered(
            table::budget_checker_service::NAME,
            Arc::new(Budgets { remote, agent_id }),
        )
    }

    fn outbound_tool_rate_limiter(&self, org_id: i64) -> Option<Arc<dyn OutboundToolRateLimiter>> {
        self.offered(
            table::outbound_tool_rate_limiter_service::NAME,
            Arc::new(self.remote.for_org(org_id)),
        )
    }

    fn leased_resource_store(&self) -> Option<Arc<dyn LeasedResourceStore>> {
        self.offered(
            table::leased_resource_store_service::NAME,
            Arc::new(self.remote.clone()),
        )
    }

    fn session_resource_registry(&self) -> Option<Arc<dyn SessionResourceRegistry>> {
        self.offered(
            table::session_resource_registry_service::NAME,
            Arc::new(self.remote.clone()),
        )
    }

    fn schedule_store(&self, org_id: i64) -> Option<Arc<dyn SessionScheduleStore>> {
        self.offered(
            table::session_schedule_store_service::NAME,
            Arc::new(self.remote.for_org(org_id)),
        )
    }

    fn sqldb_store(&self) -> Option<SessionSqlDbStoreRef> {
        self.offered(
            table::session_sql_db_store_service::NAME,
            Arc::new(self.remote.clone()),
        )
    }

    fn image_resolver(&self, org_id: i64) -> Option<Arc<dyn ImageResolver>> {
        self.offered(
            table::image_resolver_service::NAME,
            Arc::new(self.remote.for_org(org_id)),
        )
    }

    fn image_artifact_store(&self, org_id: i64) -> Option<Arc<dyn ImageArtifactStore>> {
        self.offered(
            table::image_artifact_store_service::NAME,
            Arc::new(self.remote.for_org(org_id)),
        )
    }

    fn provider_credential_store(&self, org_id: i64) -> Option<Arc<dyn ProviderCredentialStore>> {
        self.offered(
            table::provider_credential_store_service::NAME,
            Arc::new(self.remote.for_org(org_id)),
        )
    }

    fn connection_resolver(&self) -> Option<Arc<dyn UserConnectionResolver>> {
        self.offered(
            table::user_connection_resolver_service::NAME,
            Arc::new(self.remote.clone()),
        )
    }

    fn payment_authority(
        &self,
        org_id: i64,
        agent_id: Option<AgentId>,
    ) -> Option<Arc<dyn PaymentAuthority>> {
        let remote = self.remote.for_org(org_id);
        self.offered(
            table::payment_authority_service::NAME,
            Arc::new(RemotePayments { remote, agent_id }),
        )
    }

    fn platform_store(&self, org_id: i64, session_id: SessionId) -> Option<Arc<dyn PlatformStore>> {
        let remote = self.remote.for_org(org_id).in_session(session_id);
        let on_change = self.phase_for(org_id).map(|phase| -> OnChange {
            // The phase's own harness, agent or session may be among what changes.
            Arc::new(move || phase.forget())
        });
        let base_url = self.offers().platform_base_url();
        let platform = Platform::new(remote, base_url, on_change);
        self.offered(table::platform_store_service::NAME, Arc::new(platform))
    }

    /// `Some` for a session without servers too: what they are is asked when one is
    /// called, so that an adapter that fails then is an error of the tool.
    async fn mcp_executor(&self, org_id: i64, session_id: SessionId) -> Option<Arc<McpExecutor>> {
        let remote = self.remote.for_org(org_id);
        let offered = self.shared.mcp_tools.is_some();
        offered.then(|| Arc::new(executor(&remote, session_id)))
    }

    fn storage_store(&self) -> Option<Arc<dyn SessionStorageStore>> {
        self.offered(
            table::session_storage_store_service::NAME,
            Arc::new(self.remote.clone()),
        )
    }
}

impl fmt::Debug for GrpcHostAdapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrpcHostAdapter")
            .field("org", &self.remote.org)
            .field("offers", &self.shared.offers)
            .finish_non_exhaustive()
    }
}
