//! `SessionSqlDbStoreService` over `SqlDatabases`, where the source has them.

use crate::chunks::chunks;
use crate::serve::{Answers, Outcome, Serving, not_offered};
use crate::{AdapterSource, SqlDatabases};
use everruns_core::session_sqldb::SqlExecuteResult;
use futures::{StreamExt, stream};
use mortise_proto::convert::id;
use mortise_proto::convert::session_sql_db_store::split;
use mortise_proto::pb;
use mortise_proto::pb::session_sql_db_store_service_server::SessionSqlDbStoreService;
use mortise_proto::pb::sql_query_response::Part;
use mortise_proto::rpc::table::session_sql_db_store_service::{
    CREATE_DATABASE, DELETE_DATABASE, GET_DATABASE, LIST_DATABASES, NAME, SQL_EXECUTE, SQL_QUERY,
    SQL_SCHEMA,
};
use std::sync::Arc;
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl<S: AdapterSource> SessionSqlDbStoreService for Serving<S> {
    type SqlQueryStream = Answers<pb::SqlQueryResponse>;
    type SqlSchemaStream = Answers<pb::SqlSchemaResponse>;

    async fn create_database(
        &self,
        request: Request<pb::CreateDatabaseRequest>,
    ) -> Result<Response<pb::CreateDatabaseResponse>, Status> {
        let shared = self.shared.clone();
        self.unary(&CREATE_DATABASE, request, |call| async move {
            let store = offered(shared.source.sql_databases(&call.scope))?;
            let session_id = id("session_id", &call.request.session_id)?;
            let database = store
                .create_database(session_id, &call.request.name)
                .await?;
            Ok(pb::CreateDatabaseResponse {
                database: Some(database.into()),
            })
        })
        .await
    }

    async fn list_databases(
        &self,
        request: Request<pb::ListDatabasesRequest>,
    ) -> Result<Response<pb::ListDatabasesResponse>, Status> {
        let shared = self.shared.clone();
        self.unary(&LIST_DATABASES, request, |call| async move {
            let store = offered(shared.source.sql_databases(&call.scope))?;
            let session_id = id("session_id", &call.request.session_id)?;
            let databases = store.list_databases(session_id).await?;
            Ok(pb::ListDatabasesResponse {
                databases: databases.into_iter().map(Into::into).collect(),
            })
        })
        .await
    }

    async fn get_database(
        &self,
        request: Request<pb::GetDatabaseRequest>,
    ) -> Result<Response<pb::GetDatabaseResponse>, Status> {
        let shared = self.shared.clone();
        self.unary(&GET_DATABASE, request, |call| async move {
            let store = offered(shared.source.sql_databases(&call.scope))?;
            let session_id = id("session_id", &call.request.session_id)?;
            let database = store.get_database(session_id, &call.request.name).await?;
            Ok(pb::GetDatabaseResponse {
                database: database.map(Into::into),
            })
        })
        .await
    }

    async fn delete_database(
        &self,
        request: Request<pb::DeleteDatabaseRequest>,
    ) -> Result<Response<pb::DeleteDatabaseResponse>, Status> {
        let shared = self.shared.clone();
        self.unary(&DELETE_DATABASE, request, |call| async move {
            let store = offered(shared.source.sql_databases(&call.scope))?;
            let session_id = id("session_id", &call.request.session_id)?;
            let deleted = store
                .delete_database(session_id, &call.request.name)
                .await?;
            Ok(pb::DeleteDatabaseResponse { deleted })
        })
        .await
    }

    async fn sql_execute(
        &self,
        request: Request<pb::SqlExecuteRequest>,
    ) -> Result<Response<pb::SqlExecuteResponse>, Status> {
        let shared = self.shared.clone();
        self.unary(&SQL_EXECUTE, request, |call| async move {
            let store = offered(shared.source.sql_databases(&call.scope))?;
            let request = call.request;
            let session_id = id("session_id", &request.session_id)?;
            let SqlExecuteResult { rows_affected } = store
                .sql_execute(session_id, &request.database_name, &request.sql)
                .await?;
            Ok(pb::SqlExecuteResponse { rows_affected })
        })
        .await
    }

    async fn sql_query(
        &self,
        request: Request<pb::SqlQueryRequest>,
    ) -> Result<Response<Self::SqlQueryStream>, Status> {
        let shared = self.shared.clone();
        self.stream(&SQL_QUERY, request, |call| async move {
            let store = offered(shared.source.sql_databases(&call.scope))?;
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
        })
        .await
    }

    async fn sql_schema(
        &self,
        request: Request<pb::SqlSchemaRequest>,
    ) -> Result<Response<Self::SqlSchemaStream>, Status> {
        let shared = self.shared.clone();
        self.stream(&SQL_SCHEMA, request, |call| async move {
            let store = offered(shared.source.sql_databases(&call.scope))?;
            let request = call.request;
            let session_id = id("session_id", &request.session_id)?;
            let tables = store
                .sql_schema(session_id, &request.database_name, request.table.as_deref())
                .await?;
            Ok(chunks(tables).map(|tables| Ok(pb::SqlSchemaResponse { tables })))
        })
        .await
    }
}

fn offered(store: Option<Arc<dyn SqlDatabases>>) -> Outcome<Arc<dyn SqlDatabases>> {
    store.ok_or_else(|| not_offered(NAME))
}
