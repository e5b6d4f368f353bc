//! Sessions as they are created, with all that their creator chose.

use crate::encoding::stored_fault;
use crate::stores::platform_store::{Platform, owner, sessions};
use async_trait::async_trait;
use everruns_core::Session;
use mortise_adapter_server::SessionFactory;
use mortise_proto::convert::nested;
use mortise_proto::convert::platform_store::{NewSession, SessionSettings};
use mortise_proto::{StoreError, pb};

#[async_trait]
impl SessionFactory for Platform {
    async fn create_session(&self, new: NewSession) -> Result<Session, StoreError> {
        let create = self.ctx.run_once(async |tx| {
            let owner = owner::of_caller(self.ctx.scope(), tx).await?;
            let owned = sessions::owned_by(owner, new.harness_id);
            let session = with(owned, new.clone());
            sessions::create(tx, &session).await?;
            Ok(pb::CreateSessionResponse {
                session: Some(session.into()),
            })
        });
        nested("session", create.await?.session).map_err(stored_fault)
    }
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
