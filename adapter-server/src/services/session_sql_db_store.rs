//! `SessionSqlDbStoreService` over `SqlDatabases`, where the source has them.

use crate::SqlDatabases;
use crate::chunks::chunks;
use crate::serve::{Call, HandlerResult, not_offered};
use everruns_core::session_sqldb::SqlExecuteResult;
use futures::{Stream, StreamExt, stream};
use mortise_proto::convert::id;
use mortise_proto::convert::session_sql_db_store::split;
use mortise_proto::pb;
use mortise_proto::pb::sql_query_response::Part;
use mortise_proto::rpc::table::session_sql_db_store_service::NAME;
use std::sync::Arc;

pub(super) async fn create_database(
    call: Call<pb::CreateDatabaseRequest>,
) -> HandlerResult<pb::CreateDatabaseResponse> {
    let store = offered(call.adapter.sql_databases(&call.scope))?;
    let session_id = id("session_id", &call.request.session_id)?;
    let database = store
        .create_database(session_id, &call.request.name)
        .await?;
    Ok(pb::CreateDatabaseResponse {
        database: Some(database.into()),
    })
}

pub(super) async fn list_databases(
    call: Call<pb::ListDatabasesRequest>,
) -> HandlerResult<pb::ListDatabasesResponse> {
    let store = offered(call.adapter.sql_databases(&call.scope))?;
    let session_id = id("session_id", &call.request.session_id)?;
    let databases = store.list_databases(session_id).await?;
    Ok(pb::ListDatabasesResponse {
        databases: databases.into_iter().map(Into::into).collect(),
    })
}

pub(super) async fn get_database(
    call: Call<pb::GetDatabaseRequest>,
) -> HandlerResult<pb::GetDatabaseResponse> {
    let store = offered(call.adapter.sql_databases(&call.scope))?;
    let session_id = id("session_id", &call.request.session_id)?;
    let database = store.get_database(session_id, &call.request.name).await?;
    Ok(pb::GetDatabaseResponse {
        database: database.map(Into::into),
    })
}

pub(super) async fn delete_database(
    call: Call<pb::DeleteDatabaseRequest>,
) -> HandlerResult<pb::DeleteDatabaseResponse> {
    let store = offered(call.adapter.sql_databases(&call.scope))?;
    let session_id = id("session_id", &call.request.session_id)?;
    let deleted = store
        .delete_database(session_id, &call.request.name)
        .await?;
    Ok(pb::DeleteDatabaseResponse { deleted })
}

pub(super) async fn sql_execute(
    call: Call<pb::SqlExecuteRequest>,
) -> HandlerResult<pb::SqlExecuteResponse> {
    let store = offered(call.adapter.sql_databases(&call.scope))?;
    let request = call.request;
    let session_id = id("session_id", &request.session_id)?;
    let SqlExecuteResult { rows_affected } = store
        .sql_execute(session_id, &request.database_name, &request.sql)
        .await?;
    Ok(pb::SqlExecuteResponse { rows_affected })
}

pub(super) async fn sql_query(
    call: Call<pb::SqlQueryRequest>,
) -> HandlerResult<impl Stream<Item = HandlerResult<pb::SqlQueryResponse>> + Send + 'static> {
    let store = offered(call.adapter.sql_databases(&call.scope))?;
    let request = call.request;
    let session_id = id("session_id", &request.session_id)?;
    let result = store
        .sql_query(session_id, &request.database_name, &request.sql)
        .await?;
    let (columns, rows, end) = split(result);
    let runs = chunks(rows).map(|rows| Part::Rows(pb::SqlRows { rows }));
    let parts = stream::iter([Part::Columns(columns)])
        .chain(runs)
        .chain(stream::iter([Part::End(end)]));
    Ok(parts.map(|part| Ok(pb::SqlQueryResponse { part: Some(part) })))
}

pub(super) async fn sql_schema(
    call: Call<pb::SqlSchemaRequest>,
) -> HandlerResult<impl Stream<Item = HandlerResult<pb::SqlSchemaResponse>> + Send + 'static> {
    let store = offered(call.adapter.sql_databases(&call.scope))?;
    let request = call.request;
    let session_id = id("session_id", &request.session_id)?;
    let tables = store
        .sql_schema(session_id, &request.database_name, request.table.as_deref())
        .await?;
    Ok(chunks(tables).map(|tables| Ok(pb::SqlSchemaResponse { tables })))
}

fn offered(store: Option<Arc<dyn SqlDatabases>>) -> HandlerResult<Arc<dyn SqlDatabases>> {
    store.ok_or_else(|| not_offered(NAME))
}
