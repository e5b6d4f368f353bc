//! SQL databases of sessions: what statements may do, what they are limited to, and how
//! what they change is stored.

mod limits;
mod statements;
mod storage;

use super::*;
use crate::reference::SqlLimits;
use everruns_core::session_sqldb::{SessionSqlDbError, SessionSqlDbStore};
use futures::future::join_all;
use mortise_proto::pb::ErrorReason;
use mortise_proto::rpc::table::session_sql_db_store_service as sql;
use std::time::{Duration, Instant};

const COUNT_FOREVER: &str = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) \
                             SELECT count(*) FROM c";

/// A storage with limits that a test meets soon.
async fn limited(limits: SqlLimits) -> Reference {
    let config = ReferenceConfig {
        sql_limits: limits,
        ..config("sqlite::memory:".into())
    };
    Reference::open(config).await.unwrap()
}

/// The one row of a query.
async fn row(adapter: &ScopedReference, session: SessionId, sql: &str) -> serde_json::Value {
    let result = adapter.sql_query(session, "d", sql).await.unwrap();
    assert_eq!(result.rows.len(), 1, "{sql}");
    json!(result.rows[0])
}

/// What kind of error it is.
fn kind<T>(result: Result<T, SessionSqlDbError>) -> ErrorReason {
    match result {
        Ok(_) => ErrorReason::Unspecified,
        Err(error) => StoreError::from(error).reason.unwrap(),
    }
}
