//! Sessions as they come into being.

use crate::db::Tx;
use crate::encoding::nanos;
use crate::stores::agent_store::AGENTS;
use crate::stores::session_store;
use crate::stores::session_store::{SESSIONS, status_name};
use crate::stores::{harness_store, session_file_system};
use everruns_core::Session;
use everruns_core::config_layer::AgentConfigOverlay;
use everruns_core::session_file::InitialFile;
use mortise_proto::{StoreError, pb};

const PUT: &str = "INSERT INTO sessions \
        (org_id, id, status, created_at, updated_at, body) \
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (org_id, id) \
    DO UPDATE SET status = excluded.status, created_at = excluded.created_at, \
                  updated_at = excluded.updated_at, body = excluded.body";

const INDEX: &str = "INSERT INTO session_index (org_id, session_id, agent_id, created_at) \
    VALUES ($1, $2, $3, $4) ON CONFLICT (org_id, session_id) \
    DO UPDATE SET agent_id = excluded.agent_id, created_at = excluded.created_at";

/// Puts a session over the one that is there, and the initial files of its harness
/// chain, its agent and itself in its workspace when it is new.
pub(crate) async fn put(tx: &mut Tx, session: &Session) -> Result<(), StoreError> {
    let known = session_store::created_at(tx, session.id).await?;
    write(tx, session).await?;
    if known.is_none() {
        for file in initial_files(tx, session).await? {
            session_file_system::seed(tx, session.id, &file).await?;
        }
    }
    Ok(())
}

async fn write(tx: &mut Tx, session: &Session) -> Result<(), StoreError> {
    let wire = pb::Session::from(session.clone());
    let id = session.id.to_string();
    let body = SESSIONS.seal(tx, &id, &wire)?;
    tx.query(PUT)
        .bind(id.as_str())
        .bind(status_name(&wire))
        .bind(nanos(session.created_at))
        .bind(nanos(session.updated_at))
        .bind(body)
        .execute()
        .await?;
    tx.query(INDEX)
        .bind(id.as_str())
        .bind(session.agent_id.map(|id| id.to_string()))
        .bind(nanos(session.created_at))
        .execute()
        .await?;
    Ok(())
}

/// The starter files of a session: those of its harness chain, its agent and itself,
/// folded by upstream's rule. A harness or agent that is not there has none: sessions
/// are seeded to see what becomes of a missing one, too.
async fn initial_files(tx: &mut Tx, session: &Session) -> Result<Vec<InitialFile>, StoreError> {
    let chain = harness_store::chain(tx, session.harness_id).await?;
    let agent = match session.agent_id {
        Some(agent_id) => AGENTS.find(tx, agent_id).await?,
        None => None,
    };
    let layers = chain.iter().map(AgentConfigOverlay::from);
    let layers = layers.chain(agent.as_ref().map(AgentConfigOverlay::from));
    let layers = layers.chain([AgentConfigOverlay::from(session)]);
    Ok(AgentConfigOverlay::fold(layers).initial_files)
}
