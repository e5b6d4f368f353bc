//! The same databases through upstream's trait. Its error has no variant for a storage
//! that cannot answer now: whoever serves them takes [`SqlDatabases`].

use crate::stores::session_sql_db_store::SessionDatabases;
use async_trait::async_trait;
use everruns_core::session_sqldb::{
    DatabaseInfo, SessionSqlDbError, SessionSqlDbStore, SqlExecuteResult, SqlQueryResult,
    TableSchema,
};
use everruns_core::typed_id::SessionId;
use mortise_adapter_server::SqlDatabases;

#[async_trait]
impl SessionSqlDbStore for SessionDatabases {
    async fn create_database(
        &self,
        session_id: SessionId,
        name: &str,
    ) -> Result<DatabaseInfo, SessionSqlDbError> {
        Ok(SqlDatabases::create_database(self, session_id, name).await?)
    }

    async fn list_databases(
        &self,
        session_id: SessionId,
    ) -> Result<Vec<DatabaseInfo>, SessionSqlDbError> {
        Ok(SqlDatabases::list_databases(self, session_id).await?)
    }

    async fn get_database(
        &self,
        session_id: SessionId,
        name: &str,
    ) -> Result<Option<DatabaseInfo>, SessionSqlDbError> {
        Ok(SqlDatabases::get_database(self, session_id, name).await?)
    }

    async fn delete_database(
        &self,
        session_id: SessionId,
        name: &str,
    ) -> Result<bool, SessionSqlDbError> {
        Ok(SqlDatabases::delete_database(self, session_id, name).await?)
    }

    async fn sql_execute(
        &self,
        session_id: SessionId,
        db_name: &str,
        sql: &str,
    ) -> Result<SqlExecuteResult, SessionSqlDbError> {
        Ok(SqlDatabases::sql_execute(self, session_id, db_name, sql).await?)
    }

    async fn sql_query(
        &self,
        session_id: SessionId,
        db_name: &str,
        sql: &str,
    ) -> Result<SqlQueryResult, SessionSqlDbError> {
        Ok(SqlDatabases::sql_query(self, session_id, db_name, sql).await?)
    }

    async fn sql_schema(
        &self,
        session_id: SessionId,
        db_name: &str,
        table: Option<&str>,
    ) -> Result<Vec<TableSchema>, SessionSqlDbError> {
        Ok(SqlDatabases::sql_schema(self, session_id, db_name, table).await?)
    }
}
