//! Tests of the reference storage, by what they are about. Each rule of the contract
//! is checked by the contract suite as well; here stands what only this storage does,
//! and what is quicker to see from inside.

#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

#[path = "../../../tests/support/src/database.rs"]
#[allow(unreachable_pub, dead_code)]
mod database;
mod groups;
mod layers;
mod loans;
mod opening;
#[allow(clippy::duplicate_mod)]
#[path = "tests/suite.rs"]
mod postgres;
mod searches;
#[path = "tests/suite.rs"]
mod sqlite;
mod statements;

use self::database::Database;
use self::sqlite::{Store, open};
use super::{EncryptionKey, Reference, ReferenceConfig, ScopedReference};
use everruns_core::message::Message;
use everruns_core::typed_id::{EventId, HarnessId, SessionId};
use everruns_core::{Session, org_public_id_from_internal};
use everruns_runtime::SessionBuilder;
use mortise_adapter_server::{
    AdapterSource, AppendAck, AppendRequest, EventStore, Scope, TestSeed,
};
use mortise_proto::convert::to_timestamp;
use mortise_proto::rpc::table::session_store_service::GET_SESSION;
use mortise_proto::{Method, StoreError, pb};
use serde_json::json;
use std::path::Path;
use tempfile::TempDir;

const KEY: [u8; 32] = [7; 32];

async fn in_memory() -> Reference {
    Reference::open(config("sqlite::memory:".into()))
        .await
        .unwrap()
}

fn config(database_url: String) -> ReferenceConfig {
    ReferenceConfig {
        encryption_key: Some(EncryptionKey::from_bytes(KEY)),
        allow_test_seed: true,
        sql_worker: Some(statements::workers::command()),
        ..ReferenceConfig::new(database_url)
    }
}

fn adapter(reference: &Reference, org_id: i64) -> ScopedReference {
    reference.adapter(&scope(org_id, GET_SESSION.method, None))
}

fn call(
    reference: &Reference,
    org_id: i64,
    method: &'static Method,
    request_id: &str,
) -> ScopedReference {
    reference.adapter(&scope(org_id, method, Some(request_id.to_string())))
}

fn scope(org_id: i64, method: &'static Method, request_id: Option<String>) -> Scope {
    Scope {
        org_id,
        org_public_id: org_public_id_from_internal(org_id),
        session_id: None,
        request_id,
        fence: None,
        method,
        deadline: None,
    }
}

/// How SQLite goes about a statement, a line a step.
pub(super) async fn plan(statement: &str) -> String {
    let reference = in_memory().await;
    let mut conn = reference.inner.db.read_all_orgs().await.unwrap();
    let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
    let steps: Vec<(i64, i64, i64, String)> = conn.query_as(explain).fetch_all().await.unwrap();
    let steps: Vec<String> = steps.into_iter().map(|(.., step)| step).collect();
    steps.join("\n")
}

/// A new session in the adapter's org.
async fn new_session(adapter: &ScopedReference) -> SessionId {
    let session = session(SessionId::new());
    let id = session.id;
    adapter.seed().put_session(session).await.unwrap();
    id
}

fn session(id: SessionId) -> Session {
    SessionBuilder::new(HarnessId::from_seed(1)).id(id).build()
}

fn event(session_id: SessionId, event_type: &str, data: &serde_json::Value) -> AppendRequest {
    AppendRequest {
        request_id: EventId::new().to_string(),
        event: pb::NewEvent {
            r#type: event_type.into(),
            ts: Some(to_timestamp(chrono::Utc::now())),
            session_id: session_id.to_string(),
            context: Some(pb::EventContext::default()),
            data_json: data.to_string(),
            metadata_json: None,
            tags: None,
        },
        proposed_id: None,
        fence: None,
    }
}

fn input(session_id: SessionId, message: &Message) -> AppendRequest {
    event(session_id, "input.message", &json!({"message": message}))
}

fn plain(session_id: SessionId) -> AppendRequest {
    event(session_id, "turn.started", &json!({"n": 1}))
}

async fn append(adapter: &ScopedReference, event: AppendRequest) -> Result<AppendAck, StoreError> {
    adapter.events().append(vec![event]).await.pop().unwrap()
}
