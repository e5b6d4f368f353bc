//! Sessions as they are created, with all that their creator chose.

use crate::db::encoding::stored_fault;
use crate::reference::ScopedReference;
use crate::stores::new_session;
use crate::stores::platform_store::{agents, caller, harnesses, sessions};
use async_trait::async_trait;
use everruns_core::Session;
use mortise_adapter_server::SessionFactory;
use mortise_proto::convert::nested;
use mortise_proto::convert::platform_store::{NewSession, SessionSettings};
use mortise_proto::{StoreError, pb};

#[async_trait]
impl SessionFactory for ScopedReference {
    async fn create_session(&self, new: NewSession) -> Result<Session, StoreError> {
        create(self, new).await
    }
}

pub(super) async fn create(
    store: &ScopedReference,
    new: NewSession,
) -> Result<Session, StoreError> {
    let (org_id, key) = (store.scope.org_id, store.inner.key.as_ref());
    let answer = store
        .run_once(async |tx| {
            let caller = caller(store, tx).await?;
            harnesses::active(tx, org_id, key, new.harness_id).await?;
            if let Some(agent_id) = new.agent_id {
                agents::active(tx, org_id, key, agent_id).await?;
            }
            let owned = sessions::owned_by(caller, new.harness_id);
            let session = with(owned, new.clone());
            new_session::put(tx, org_id, key, &session).await?;
            Ok(pb::CreateSessionResponse {
                session: Some(session.into()),
            })
        })
        .await?;
    nested("session", answer.session).map_err(stored_fault)
}

fn with(owned: Session, new: NewSession) -> Session {
    let NewSession {
        harness_id,
        agent_id,
        title,
        locale,
        blueprint_id,
        blueprint_config,
        settings,
    } = new;
    let SessionSettings {
        tags,
        model_id,
        capabilities,
        tools,
        mcp_servers,
        system_prompt,
        initial_files,
        hints,
        network_access,
        max_iterations,
    } = settings;
    Session {
        harness_id,
        agent_id,
        title,
        locale,
        blueprint_id,
        blueprint_config,
        tags,
        model_id,
        capabilities,
        tools,
        mcp_servers,
        system_prompt,
        initial_files,
        hints,
        network_access,
        max_iterations,
        ..owned
    }
}
