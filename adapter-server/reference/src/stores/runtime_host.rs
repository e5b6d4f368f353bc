//! What the host itself asks of the platform, around the stores.

use crate::db::AnyConnection;
use crate::db::encoding::stored_fault;
use crate::db::errors::{into_upstream, session_not_found};
use crate::reference::ScopedReference;
use crate::stores::budget_checker::Budgets;
use crate::stores::payment_authority::Payments;
use crate::stores::{agent_store, llm_provider_store, message_retriever, session_store};
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
    Agent, AgentLoopError, CapabilityRegistry, DriverRegistry, Harness, Session, SessionStatus,
};
use everruns_core::{MemoryStoreBackend, OutboundToolRateLimiter, UtilityLlmService};
use everruns_runtime::{RuntimeHostAdapter, RuntimeHostTurnContext};
use mortise_proto::convert::{nested, to_timestamp};
use mortise_proto::{StoreError, pb};
use std::sync::Arc;

/// The org is the scope's, whatever org a getter names: one call is for one org.
#[async_trait]
impl RuntimeHostAdapter for ScopedReference {
    async fn get_agent(
        &self,
        _org_id: i64,
        agent_id: AgentId,
    ) -> Result<Option<Agent>, AgentLoopError> {
        self.agent(agent_id).await.map_err(into_upstream)
    }

    async fn get_harness(
        &self,
        _org_id: i64,
        harness_id: HarnessId,
    ) -> Result<Option<Harness>, AgentLoopError> {
        let chain = self
            .harness_chain(harness_id)
            .await
            .map_err(into_upstream)?;
        Ok(chain.into_iter().last())
    }

    async fn set_session_status(
        &self,
        _org_id: i64,
        session_id: SessionId,
        status: SessionStatus,
    ) -> Result<Session, AgentLoopError> {
        self.set_status(session_id, status.into())
            .await
            .map_err(into_upstream)
    }

    async fn load_turn_context(
        &self,
        _org_id: i64,
        session_id: SessionId,
    ) -> Result<RuntimeHostTurnContext, AgentLoopError> {
        self.turn_context(session_id).await.map_err(into_upstream)
    }

    // Capabilities and drivers are code, and code runs on the host's side of the wire.
    fn capability_registry(&self) -> CapabilityRegistry {
        CapabilityRegistry::new()
    }

    fn driver_registry(&self) -> DriverRegistry {
        DriverRegistry::new()
    }

    fn harness_store(&self, _org_id: i64) -> Arc<dyn HarnessStore> {
        Arc::new(self.clone())
    }

    fn agent_store(&self, _org_id: i64) -> Arc<dyn AgentStore> {
        Arc::new(self.clone())
    }

    fn session_store(&self, _org_id: i64) -> Arc<dyn SessionStore> {
        Arc::new(self.clone())
    }

    fn session_mutator(&self, _org_id: i64) -> Arc<dyn SessionMutator> {
        Arc::new(self.clone())
    }

    fn provider_store(&self, _org_id: i64) -> Arc<dyn LlmProviderStore> {
        Arc::new(self.clone())
    }

    fn message_store(&self) -> Arc<dyn MessageRetriever> {
        Arc::new(self.clone())
    }

    fn event_emitter(&self) -> Arc<dyn EventEmitter> {
        Arc::new(self.clone())
    }

    fn file_store(&self) -> Arc<dyn SessionFileSystem> {
        Arc::new(self.clone())
    }

    fn image_resolver(&self, _org_id: i64) -> Option<Arc<dyn ImageResolver>> {
        Some(Arc::new(self.clone()))
    }

    fn image_artifact_store(&self, _org_id: i64) -> Option<Arc<dyn ImageArtifactStore>> {
        Some(Arc::new(self.clone()))
    }

    fn provider_credential_store(&self, _org_id: i64) -> Option<Arc<dyn ProviderCredentialStore>> {
        Some(Arc::new(self.clone()))
    }

    fn connection_resolver(&self) -> Option<Arc<dyn UserConnectionResolver>> {
        Some(Arc::new(self.clone()))
    }

    fn egress_service(&self) -> Option<Arc<dyn EgressService>> {
        Some(self.inner.egress.0.clone())
    }

    fn utility_llm_service(&self) -> Option<Arc<dyn UtilityLlmService>> {
        let model = self.inner.utility_llm.as_ref()?;
        Some(model.0.clone())
    }

    fn memory_store(&self, _org_id: i64) -> Option<Arc<dyn MemoryStoreBackend>> {
        Some(Arc::new(self.clone()))
    }

    fn budget_checker(
        &self,
        _org_id: i64,
        agent_id: Option<AgentId>,
    ) -> Option<Arc<dyn BudgetChecker>> {
        Some(Arc::new(Budgets {
            reference: self.clone(),
            agent_id,
        }))
    }

    fn outbound_tool_rate_limiter(&self, _org_id: i64) -> Option<Arc<dyn OutboundToolRateLimiter>> {
        Some(Arc::new(self.clone()))
    }

    fn leased_resource_store(&self) -> Option<Arc<dyn LeasedResourceStore>> {
        Some(Arc::new(self.clone()))
    }

    fn session_resource_registry(&self) -> Option<Arc<dyn SessionResourceRegistry>> {
        Some(Arc::new(self.clone()))
    }

    fn schedule_store(&self, _org_id: i64) -> Option<Arc<dyn SessionScheduleStore>> {
        Some(Arc::new(self.clone()))
    }

    fn sqldb_store(&self) -> Option<SessionSqlDbStoreRef> {
        Some(Arc::new(self.clone()))
    }

    fn payment_authority(
        &self,
        _org_id: i64,
        agent_id: Option<AgentId>,
    ) -> Option<Arc<dyn PaymentAuthority>> {
        Some(Arc::new(Payments {
            reference: self.clone(),
            agent_id,
        }))
    }

    fn platform_store(
        &self,
        _org_id: i64,
        _session_id: SessionId,
    ) -> Option<Arc<dyn PlatformStore>> {
        Some(Arc::new(self.clone()))
    }

    fn storage_store(&self) -> Option<Arc<dyn SessionStorageStore>> {
        Some(Arc::new(self.clone()))
    }
}

impl ScopedReference {
    async fn set_status(
        &self,
        session_id: SessionId,
        status: pb::SessionStatus,
    ) -> Result<Session, StoreError> {
        let (org_id, key) = (self.scope.org_id, self.inner.key.as_ref());
        let answer = self
            .run_once(async |tx| {
                let session = session_store::update(tx, org_id, key, session_id, |session, now| {
                    session.set_status(status);
                    if status == pb::SessionStatus::Active {
                        session.started_at.get_or_insert_with(|| to_timestamp(now));
                    }
                });
                Ok(pb::SetSessionStatusResponse {
                    session: Some(session.await?),
                })
            })
            .await?;
        nested("session", answer.session).map_err(stored_fault)
    }

    async fn turn_context(
        &self,
        session_id: SessionId,
    ) -> Result<RuntimeHostTurnContext, StoreError> {
        let mut tx = self.inner.db.snapshot().await?;
        let mut context = self.context_without_messages(&mut tx, session_id).await?;
        let org_id = self.scope.org_id;
        context.messages = message_retriever::load_all(&mut tx, org_id, session_id).await?;
        Ok(context)
    }

    pub(crate) async fn context_without_messages(
        &self,
        tx: &mut AnyConnection,
        session_id: SessionId,
    ) -> Result<RuntimeHostTurnContext, StoreError> {
        let (org_id, key) = (self.scope.org_id, self.inner.key.as_ref());
        let session = session_store::find(tx, org_id, key, session_id).await?;
        let session = session.ok_or_else(|| session_not_found(session_id))?;
        let agent = match session.agent_id {
            Some(agent_id) => agent_store::find(tx, org_id, key, agent_id).await?,
            None => None,
        };
        let model = llm_provider_store::find_default(tx, org_id, key).await?;
        Ok(RuntimeHostTurnContext {
            agent,
            session,
            messages: Vec::new(),
            model,
            // Tools of MCP servers are discovered by the side that can reach them.
            mcp_tool_definitions: Vec::new(),
        })
    }
}
