//! SQL databases of a session, their results and their errors. A result is streamed,
//! so it is split into parts and joined again.

use everruns_core::session_sqldb::{
    ColumnSchema, DatabaseInfo, SessionSqlDbError, SqlQueryResult, TableSchema,
};
use serde_json::Value;

use super::fields::secret_json;
use super::{ConvertError, Result, count, list, timestamp, to_list, to_timestamp};
use crate::StoreError;
use crate::pb;
use crate::pb::ErrorReason as R;
use crate::pb::sql_query_response::Part;

const TIMEOUT_SECONDS: &str = "timeout_seconds";

// === DatabaseInfo ===

impl From<DatabaseInfo> for pb::DatabaseInfo {
    fn from(info: DatabaseInfo) -> Self {
        let DatabaseInfo {
            name,
            size_bytes,
            page_count,
            created_at,
            updated_at,
        } = info;
        Self {
            name,
            size_bytes,
            page_count,
            created_at: Some(to_timestamp(created_at)),
            updated_at: Some(to_timestamp(updated_at)),
        }
    }
}

impl TryFrom<pb::DatabaseInfo> for DatabaseInfo {
    type Error = ConvertError;

    fn try_from(wire: pb::DatabaseInfo) -> Result<Self> {
        Ok(Self {
            name: wire.name,
            size_bytes: wire.size_bytes,
            page_count: wire.page_count,
            created_at: timestamp("created_at", wire.created_at)?,
            updated_at: timestamp("updated_at", wire.updated_at)?,
        })
    }
}

// === SqlQueryResult ===

/// A result as it is streamed: columns, rows, end. The rows are converted one by one,
/// as they are sent.
#[must_use]
pub fn split(result: SqlQueryResult) -> (pb::SqlColumns, Vec<Vec<Value>>, pb::SqlQueryEnd) {
    let SqlQueryResult {
        columns,
        rows,
        row_count,
        truncated,
    } = result;
    let end = pb::SqlQueryEnd {
        row_count: row_count as u64,
        truncated,
    };
    (pb::SqlColumns { names: columns }, rows, end)
}

/// The result that was streamed in these parts. One without its end was cut off on the
/// way.
pub fn join(parts: Vec<pb::SqlQueryResponse>) -> Result<SqlQueryResult> {
    let mut parts = parts.into_iter().map(|answer| answer.part);
    let Some(Some(Part::Columns(pb::SqlColumns { names: columns }))) = parts.next() else {
        return Err(ConvertError::new("columns", "is missing; send it first"));
    };
    let mut rows = Vec::new();
    let mut ended = None;
    for part in parts {
        match part {
            _ if ended.is_some() => {
                return Err(ConvertError::new("end", "is not last; send nothing after"));
            }
            Some(Part::Rows(run)) => rows.extend(list::<_, Vec<Value>>("rows", run.rows)?),
            Some(Part::End(end)) => ended = Some(end),
            Some(Part::Columns(_)) => {
                return Err(ConvertError::new("columns", "came twice; send it once"));
            }
            None => return Err(ConvertError::new("part", "is missing; send it")),
        }
    }
    let end = ended.ok_or_else(|| ConvertError::new("end", "is missing; send it last"))?;
    let width = columns.len();
    if let Some(row) = rows.iter().find(|row| row.len() != width) {
        let values = row.len();
        let problem = format!("has {values} values for {width} columns; send one for each");
        return Err(ConvertError::new("values_json", problem));
    }
    Ok(SqlQueryResult {
        columns,
        rows,
        row_count: count("row_count", end.row_count)?,
        truncated: end.truncated,
    })
}

impl From<Vec<Value>> for pb::SqlRow {
    fn from(values: Vec<Value>) -> Self {
        Self {
            values_json: Value::Array(values).to_string(),
        }
    }
}

impl TryFrom<pb::SqlRow> for Vec<Value> {
    type Error = ConvertError;

    fn try_from(wire: pb::SqlRow) -> Result<Self> {
        let Value::Array(values) = secret_json("values_json", &wire.values_json)? else {
            let problem = "is not an array; send one, with a value per column";
            return Err(ConvertError::new("values_json", problem));
        };
        Ok(values)
    }
}

// === TableSchema ===

impl From<TableSchema> for pb::TableSchema {
    fn from(table: TableSchema) -> Self {
        let TableSchema {
            name,
            columns,
            row_count,
        } = table;
        Self {
            name,
            columns: to_list(columns),
            row_count,
        }
    }
}

impl TryFrom<pb::TableSchema> for TableSchema {
    type Error = ConvertError;

    fn try_from(wire: pb::TableSchema) -> Result<Self> {
        Ok(Self {
            name: wire.name,
            columns: list("columns", wire.columns)?,
            row_count: wire.row_count,
        })
    }
}

impl From<ColumnSchema> for pb::ColumnSchema {
    fn from(column: ColumnSchema) -> Self {
        let ColumnSchema {
            name,
            column_type,
            notnull,
            pk,
            default_value,
        } = column;
        Self {
            name,
            r#type: column_type,
            notnull,
            pk,
            default_value,
        }
    }
}

impl TryFrom<pb::ColumnSchema> for ColumnSchema {
    type Error = ConvertError;

    fn try_from(wire: pb::ColumnSchema) -> Result<Self> {
        Ok(Self {
            name: wire.name,
            column_type: wire.r#type,
            notnull: wire.notnull,
            pk: wire.pk,
            default_value: wire.default_value,
        })
    }
}

// === SessionSqlDbError ===

/// The error of a store as a server states it.
impl From<SessionSqlDbError> for StoreError {
    fn from(error: SessionSqlDbError) -> Self {
        let text = error.to_string();
        match error {
            SessionSqlDbError::DatabaseNotFound(name) => Self::new(R::SqlDatabaseNotFound, name),
            SessionSqlDbError::DatabaseAlreadyExists(name) => {
                Self::new(R::SqlDatabaseAlreadyExists, name)
            }
            SessionSqlDbError::InvalidDatabaseName(text) => {
                Self::new(R::SqlInvalidDatabaseName, text)
            }
            SessionSqlDbError::LimitExceeded(text) => Self::new(R::SqlLimitExceeded, text),
            SessionSqlDbError::QueryError(text) => Self::new(R::SqlQueryError, text),
            SessionSqlDbError::QueryTimeout(seconds) => {
                Self::new(R::SqlQueryTimeout, text).with(TIMEOUT_SECONDS, seconds)
            }
            SessionSqlDbError::ResultTooLarge(text) => Self::new(R::SqlResultTooLarge, text),
            SessionSqlDbError::AuthorizerBlocked(text) => Self::new(R::SqlAuthorizerBlocked, text),
            SessionSqlDbError::Internal(text) => Self::new(R::SqlInternal, text),
        }
    }
}

/// The error of a remote store as the host takes it. What no variant stands for, a
/// failure of the transport among it, is internal: the model is not shown it.
#[must_use]
pub fn into_host_error(error: StoreError) -> SessionSqlDbError {
    match error.reason {
        Some(R::SqlDatabaseNotFound) => SessionSqlDbError::DatabaseNotFound(error.message),
        Some(R::SqlDatabaseAlreadyExists) => {
            SessionSqlDbError::DatabaseAlreadyExists(error.message)
        }
        Some(R::SqlInvalidDatabaseName) => SessionSqlDbError::InvalidDatabaseName(error.message),
        Some(R::SqlLimitExceeded) => SessionSqlDbError::LimitExceeded(error.message),
        Some(R::SqlQueryError) => SessionSqlDbError::QueryError(error.message),
        Some(R::SqlQueryTimeout) => match timeout_seconds(&error) {
            Some(seconds) => SessionSqlDbError::QueryTimeout(seconds),
            None => internal(error),
        },
        Some(R::SqlResultTooLarge) => SessionSqlDbError::ResultTooLarge(error.message),
        Some(R::SqlAuthorizerBlocked) => SessionSqlDbError::AuthorizerBlocked(error.message),
        Some(R::SqlInternal) => SessionSqlDbError::Internal(error.message),
        Some(
            R::Unspecified
            | R::InvalidField
            | R::RequestIdReused
            | R::MessageTooLarge
            | R::NotOffered
            | R::ProtocolMismatch
            | R::Unavailable
            | R::DeadlineExceeded
            | R::NotAllowed
            | R::Malformed
            | R::Llm
            | R::LlmRequestTooLarge
            | R::ModelNotAvailable
            | R::ToolExecution
            | R::Store
            | R::EventEmission
            | R::Configuration
            | R::MaxIterationsReached
            | R::LoopCancelled
            | R::NoMessages
            | R::AgentNotFound
            | R::HarnessNotFound
            | R::SessionNotFound
            | R::SessionArchived
            | R::Fenced
            | R::PatchBase
            | R::Held
            | R::Internal
            | R::DriverNotRegistered
            | R::EgressInvalidRequest
            | R::EgressNetworkAccessDenied
            | R::EgressSigningUnavailable
            | R::EgressTransport,
        )
        | None => internal(error),
    }
}

fn timeout_seconds(error: &StoreError) -> Option<u64> {
    error.metadata.get(TIMEOUT_SECONDS)?.parse().ok()
}

fn internal(error: StoreError) -> SessionSqlDbError {
    SessionSqlDbError::Internal(match (error.message.is_empty(), error.code) {
        (false, _) => error.message,
        (true, code) => code.description().to_string(),
    })
}
