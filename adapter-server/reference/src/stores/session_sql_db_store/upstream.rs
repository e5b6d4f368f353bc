//! The same databases through upstream's trait. Its error has no variant for a storage
//! that cannot answer now: a server takes [`SqlDatabases`].

use crate::stores::session_sql_db_store::SessionDatabases;
use async_trait::async_trait;
use everruns_core::session_sqldb::{
    DatabaseInfo, SessionSqlDbError, SessionSqlDbStore, SqlExecuteResult, SqlQueryResult,
    TableSchema,
};
use everruns_core::typed_id::SessionId;
use mortise_adapter_server::SqlDatabases;
use mortise_proto::convert::session_sql_db_store::into_host_error;

#[async_trait]
impl SessionSqlDbStore for SessionDatabases {
    async fn create_database(
        &self,
        session_id: SessionId,
        name: &str,
    ) -> Result<DatabaseInfo, SessionSqlDbError> {
        SqlDatabases::create_database(self, session_id, name)
            .await
            .map_err(into_host_error)
    }

    async fn list_databases(
        &self,
        session_id: SessionId,
    ) -> Result<Vec<DatabaseInfo>, SessionSqlDbError> {
        SqlDatabases::list_databases(self, session_id)
            .await
            .map_err(into_host_error)
    }

    async fn get_database(
        &self,
        session_id: SessionId,
        name: &str,
    ) -> Result<Option<DatabaseInfo>, SessionSqlDbError> {
        SqlDatabases::get_database(self, session_id, name)
            .await
            .map_err(into_host_error)
    }

    async fn delete_database(
        &self,
        session_id: SessionId,
        name: &str,
    ) -> Result<bool, SessionSqlDbError> {
        SqlDatabases::delete_database(self, session_id, name)
            .await
            .map_err(into_host_error)
    }

    async fn sql_execute(
        &self,
        session_id: SessionId,
        db_name: &str,
        sql: &str,
    ) -> Result<SqlExecuteResult, SessionSqlDbError> {
        SqlDatabases::sql_execute(self, session_id, db_name, sql)
            .await
            .map_err(into_host_error)
    }

    async fn sql_query(
        &self,
        session_id: SessionId,
        db_name: &str,
        sql: &str,
    ) -> Result<SqlQueryResult, SessionSqlDbError> {
        SqlDatabases::sql_query(self, session_id, db_name, sql)
            .await
            .map_err(into_host_error)
    }

    async fn sql_schema(
        &self,
        session_id: SessionId,
        db_name: &str,
        table: Option<&str>,
    ) -> Result<Vec<TableSchema>, SessionSqlDbError> {
        SqlDatabases::sql_schema(self, session_id, db_name, table)
            .await
            .map_err(into_host_error)
    }
}
