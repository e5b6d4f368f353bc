//! SQL databases whose errors keep their reasons.

use async_trait::async_trait;
use everruns_core::session_sqldb::DatabaseInfo;
use everruns_core::session_sqldb::SqlExecuteResult;
use everruns_core::session_sqldb::SqlQueryResult;
use everruns_core::session_sqldb::TableSchema;
use everruns_core::traits::SessionSqlDbStoreRef;
use everruns_core::typed_id::SessionId;
use mortise_proto::StoreError;

/// The SQL databases of one org's sessions. What each method means is what it means in
/// `SessionSqlDbStore`.
#[async_trait]
pub trait SqlDatabases: Send + Sync {
    /// Makes an empty database.
    async fn create_database(
        &self,
        session_id: SessionId,
        name: &str,
    ) -> Result<DatabaseInfo, StoreError>;

    /// The databases of a session.
    async fn list_databases(&self, session_id: SessionId) -> Result<Vec<DatabaseInfo>, StoreError>;

    /// Describes a database.
    async fn get_database(
        &self,
        session_id: SessionId,
        name: &str,
    ) -> Result<Option<DatabaseInfo>, StoreError>;

    /// Deletes a database and says whether it was there.
    async fn delete_database(&self, session_id: SessionId, name: &str) -> Result<bool, StoreError>;

    /// Runs statements.
    async fn sql_execute(
        &self,
        session_id: SessionId,
        db_name: &str,
        sql: &str,
    ) -> Result<SqlExecuteResult, StoreError>;

    /// Runs one statement that changes nothing.
    async fn sql_query(
        &self,
        session_id: SessionId,
        db_name: &str,
        sql: &str,
    ) -> Result<SqlQueryResult, StoreError>;

    /// Describes the tables, or one of them.
    async fn sql_schema(
        &self,
        session_id: SessionId,
        db_name: &str,
        table: Option<&str>,
    ) -> Result<Vec<TableSchema>, StoreError>;
}

/// A store of upstream.
pub(crate) struct Upstream(pub(crate) SessionSqlDbStoreRef);

#[async_trait]
impl SqlDatabases for Upstream {
    async fn create_database(
        &self,
        session_id: SessionId,
        name: &str,
    ) -> Result<DatabaseInfo, StoreError> {
        Ok(self.0.create_database(session_id, name).await?)
    }

    async fn list_databases(&self, session_id: SessionId) -> Result<Vec<DatabaseInfo>, StoreError> {
        Ok(self.0.list_databases(session_id).await?)
    }

    async fn get_database(
        &self,
        session_id: SessionId,
        name: &str,
    ) -> Result<Option<DatabaseInfo>, StoreError> {
        Ok(self.0.get_database(session_id, name).await?)
    }

    async fn delete_database(&self, session_id: SessionId, name: &str) -> Result<bool, StoreError> {
        Ok(self.0.delete_database(session_id, name).await?)
    }

    async fn sql_execute(
        &self,
        session_id: SessionId,
        db_name: &str,
        sql: &str,
    ) -> Result<SqlExecuteResult, StoreError> {
        Ok(self.0.sql_execute(session_id, db_name, sql).await?)
    }

    async fn sql_query(
        &self,
        session_id: SessionId,
        db_name: &str,
        sql: &str,
    ) -> Result<SqlQueryResult, StoreError> {
        Ok(self.0.sql_query(session_id, db_name, sql).await?)
    }

    async fn sql_schema(
        &self,
        session_id: SessionId,
        db_name: &str,
        table: Option<&str>,
    ) -> Result<Vec<TableSchema>, StoreError> {
        Ok(self.0.sql_schema(session_id, db_name, table).await?)
    }
}
