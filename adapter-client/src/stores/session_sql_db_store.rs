//! `SessionSqlDbStore` over `SessionSqlDbStoreService`.

use super::Remote;
use async_trait::async_trait;
use everruns_core::session_sqldb::{
    DatabaseInfo, SessionSqlDbError, SessionSqlDbStore, SqlExecuteResult, SqlQueryResult,
    TableSchema,
};
use everruns_core::typed_id::SessionId;
use mortise_proto::convert::session_sql_db_store::{into_host_error, join};
use mortise_proto::convert::{ConvertError, list, nested};
use mortise_proto::rpc::table::session_sql_db_store_service::{
    CREATE_DATABASE, DELETE_DATABASE, GET_DATABASE, LIST_DATABASES, SQL_EXECUTE, SQL_QUERY,
    SQL_SCHEMA,
};
use mortise_proto::{Method, pb};

type Result<T> = std::result::Result<T, SessionSqlDbError>;

#[async_trait]
impl SessionSqlDbStore for Remote {
    async fn create_database(&self, session_id: SessionId, name: &str) -> Result<DatabaseInfo> {
        let request = pb::CreateDatabaseRequest {
            context: None,
            session_id: session_id.to_string(),
            name: name.into(),
        };
        let answer = self.call(&CREATE_DATABASE, request).await?;
        nested("database", answer.database).map_err(malformed(CREATE_DATABASE.method))
    }

    async fn list_databases(&self, session_id: SessionId) -> Result<Vec<DatabaseInfo>> {
        let request = pb::ListDatabasesRequest {
            context: None,
            session_id: session_id.to_string(),
        };
        let answer = self.call(&LIST_DATABASES, request).await?;
        list("databases", answer.databases).map_err(malformed(LIST_DATABASES.method))
    }

    async fn get_database(
        &self,
        session_id: SessionId,
        name: &str,
    ) -> Result<Option<DatabaseInfo>> {
        let request = pb::GetDatabaseRequest {
            context: None,
            session_id: session_id.to_string(),
            name: name.into(),
        };
        let answer = self.call(&GET_DATABASE, request).await?;
        let database = answer.database.map(TryInto::try_into).transpose();
        database.map_err(malformed(GET_DATABASE.method))
    }

    async fn delete_database(&self, session_id: SessionId, name: &str) -> Result<bool> {
        let request = pb::DeleteDatabaseRequest {
            context: None,
            session_id: session_id.to_string(),
            name: name.into(),
        };
        Ok(self.call(&DELETE_DATABASE, request).await?.deleted)
    }

    async fn sql_execute(
        &self,
        session_id: SessionId,
        db_name: &str,
        sql: &str,
    ) -> Result<SqlExecuteResult> {
        let request = pb::SqlExecuteRequest {
            context: None,
            session_id: session_id.to_string(),
            database_name: db_name.into(),
            sql: sql.into(),
        };
        let answer = self.call(&SQL_EXECUTE, request).await?;
        Ok(SqlExecuteResult {
            rows_affected: answer.rows_affected,
        })
    }

    async fn sql_query(
        &self,
        session_id: SessionId,
        db_name: &str,
        sql: &str,
    ) -> Result<SqlQueryResult> {
        let request = pb::SqlQueryRequest {
            context: None,
            session_id: session_id.to_string(),
            database_name: db_name.into(),
            sql: sql.into(),
        };
        let answers = self.collect(&SQL_QUERY, request).await?;
        join(answers).map_err(malformed(SQL_QUERY.method))
    }

    async fn sql_schema(
        &self,
        session_id: SessionId,
        db_name: &str,
        table: Option<&str>,
    ) -> Result<Vec<TableSchema>> {
        let request = pb::SqlSchemaRequest {
            context: None,
            session_id: session_id.to_string(),
            database_name: db_name.into(),
            table: table.map(Into::into),
        };
        let answers = self.collect(&SQL_SCHEMA, request).await?;
        let tables: Vec<_> = answers
            .into_iter()
            .flat_map(|answer| answer.tables)
            .collect();
        list("tables", tables).map_err(malformed(SQL_SCHEMA.method))
    }
}

/// What an answer that breaks the contract means to the host. It is internal: the
/// model is not shown it.
fn malformed(method: &'static Method) -> impl Fn(ConvertError) -> SessionSqlDbError {
    move |error| {
        let answer = format!("the answer of {}", method.short_name());
        into_host_error(error.malformed(&answer))
    }
}
