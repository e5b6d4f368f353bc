//! Sessions as they come into being.

use crate::db::AnyConnection;
use crate::db::db_error;
use crate::db::encoding::nanos;
use crate::seal::{AssociatedData, KeyRing, stored};
use crate::stores::session_store;
use crate::stores::session_store::status_name;
use crate::stores::{agent_store, harness_store, session_file_system};
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
pub(crate) async fn put(
    tx: &mut AnyConnection,
    org_id: i64,
    key: Option<&KeyRing>,
    session: &Session,
) -> Result<(), StoreError> {
    let known = session_store::created_at(tx, org_id, session.id).await?;
    write(tx, org_id, key, session).await?;
    if known.is_none() {
        for file in initial_files(tx, org_id, key, session).await? {
            session_file_system::seed(tx, org_id, session.id, &file).await?;
        }
    }
    Ok(())
}

async fn write(
    tx: &mut AnyConnection,
    org_id: i64,
    key: Option<&KeyRing>,
    session: &Session,
) -> Result<(), StoreError> {
    let wire = pb::Session::from(session.clone());
    let id = session.id.to_string();
    let body = stored(key, AssociatedData::record(org_id, "sessions", &id), &wire)?;
    sqlx::query(PUT)
        .bind(org_id)
        .bind(id.as_str())
        .bind(status_name(&wire))
        .bind(nanos(session.created_at))
        .bind(nanos(session.updated_at))
        .bind(body)
        .execute(&mut *tx)
        .await
        .map_err(db_error)?;
    sqlx::query(INDEX)
        .bind(org_id)
        .bind(id.as_str())
        .bind(session.agent_id.map(|id| id.to_string()))
        .bind(nanos(session.created_at))
        .execute(tx)
        .await
        .map(|_| ())
        .map_err(db_error)
}

/// The starter files of a session: those of its harness chain, its agent and itself,
/// folded by upstream's rule. A harness or agent that is not there has none: sessions
/// are seeded to see what becomes of a missing one, too.
async fn initial_files(
    tx: &mut AnyConnection,
    org_id: i64,
    key: Option<&KeyRing>,
    session: &Session,
) -> Result<Vec<InitialFile>, StoreError> {
    let chain = harness_store::chain(tx, org_id, key, session.harness_id).await?;
    let agent = match session.agent_id {
        Some(agent_id) => agent_store::find(tx, org_id, key, agent_id).await?,
        None => None,
    };
    let layers = chain.iter().map(AgentConfigOverlay::from);
    let layers = layers.chain(agent.as_ref().map(AgentConfigOverlay::from));
    let layers = layers.chain([AgentConfigOverlay::from(session)]);
    Ok(AgentConfigOverlay::fold(layers).initial_files)
}
