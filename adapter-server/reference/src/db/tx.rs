//! A transaction of one org, and the statements in it. A store has no other way to the
//! database: every statement of a [`Tx`] is bound to its org, and what spans orgs says so
//! with [`AllOrgs`].

use crate::db::connection::AnyConnection;
use crate::db::db_error;
use crate::seal::{KeyRing, OrgKeys};
use futures::{Stream, StreamExt, TryStreamExt};
use mortise_proto::StoreError;
use sqlx::any::{Any, AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Encode, FromRow, SqlSafeStr, Type};
use std::marker::PhantomData;

/// What one org has, in a transaction or, for a single read, on a connection.
///
/// A statement takes its org from here. It is `$1`, and is bound before any other value:
///
/// ```
/// use mortise_proto::StoreError;
/// use mortise_reference::statements::Tx;
///
/// async fn names(tx: &mut Tx) -> Result<Vec<(String,)>, StoreError> {
///     let names = tx.query_as("SELECT name FROM catalog WHERE org_id = $1 AND kind = $2");
///     names.bind("agent").fetch_all().await
/// }
/// ```
///
/// A statement that was made without an org does not run here:
///
/// ```compile_fail,E0277
/// use mortise_proto::StoreError;
/// use mortise_reference::statements::Tx;
///
/// async fn names(tx: &mut Tx) -> Result<Vec<(String,)>, StoreError> {
///     let names = sqlx::query_as("SELECT name FROM catalog WHERE kind = $1");
///     Ok(names.bind("agent").fetch_all(tx).await.unwrap())
/// }
/// ```
///
/// nor is there a way around it to the connection:
///
/// ```compile_fail,E0616
/// use mortise_proto::StoreError;
/// use mortise_reference::statements::Tx;
///
/// async fn names(tx: &mut Tx) -> Result<Vec<(String,)>, StoreError> {
///     let names = sqlx::query_as("SELECT name FROM catalog WHERE kind = $1");
///     Ok(names.bind("agent").fetch_all(&mut tx.conn).await.unwrap())
/// }
/// ```
///
/// and the database itself runs nothing:
///
/// ```compile_fail,E0599
/// use mortise_proto::StoreError;
/// use mortise_reference::statements::Db;
///
/// async fn names(db: &Db) -> Result<Vec<(String,)>, StoreError> {
///     let names = db.query_as("SELECT name FROM catalog WHERE kind = $1");
///     names.bind("agent").fetch_all().await
/// }
/// ```
///
/// It is rolled back when it is dropped.
#[derive(Debug)]
pub struct Tx {
    conn: AnyConnection,
    org_id: i64,
    keys: Option<KeyRing>,
}

/// What all orgs have, in a transaction or, for a single read, on a connection: for the
/// server's own work, such as dropping old answers, and for what it writes for many
/// callers at once. Calls have an org and use [`Tx`].
#[derive(Debug)]
pub(crate) struct AllOrgs(Tx);

/// A statement that values are bound to.
#[must_use = "a statement runs when it is executed or fetched"]
pub struct Statement<'t> {
    conn: &'t mut AnyConnection,
    query: Query<'static, Any, AnyArguments>,
}

/// The same, of which rows are wanted as `O`.
#[must_use = "a statement runs when it is fetched"]
pub struct StatementAs<'t, O> {
    statement: Statement<'t>,
    row: PhantomData<fn() -> O>,
}

// === impl Tx ===

impl Tx {
    pub(super) fn new(conn: AnyConnection, org_id: i64, keys: Option<KeyRing>) -> Self {
        Self { conn, org_id, keys }
    }

    pub(super) async fn begin(&mut self, statement: &'static str) -> Result<(), sqlx::Error> {
        self.conn.begin(statement).await
    }

    /// Whether the database takes many writers.
    pub(crate) fn is_postgres(&self) -> bool {
        self.conn.is_postgres()
    }

    /// The org.
    pub(crate) fn org_id(&self) -> i64 {
        self.org_id
    }

    /// Seals and opens what the org has.
    pub(crate) fn keys(&self) -> OrgKeys<'_> {
        OrgKeys::new(self.keys.as_ref(), self.org_id)
    }

    /// A statement, whose `$1` is the org.
    pub fn query(&mut self, sql: impl SqlSafeStr) -> Statement<'_> {
        Statement::new(&mut self.conn, sql).bind(self.org_id)
    }

    /// A statement whose rows are wanted; its `$1` is the org.
    pub fn query_as<O>(&mut self, sql: impl SqlSafeStr) -> StatementAs<'_, O>
    where
        O: for<'r> FromRow<'r, AnyRow>,
    {
        StatementAs::new(&mut self.conn, sql).bind(self.org_id)
    }

    /// Makes the change durable.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        Ok(self.conn.commit().await?)
    }
}

// === impl AllOrgs ===

impl AllOrgs {
    /// No org has it: requests with it are refused.
    pub(crate) const NONE: i64 = 0;

    pub(super) fn of(tx: Tx) -> Self {
        Self(tx)
    }

    /// The same transaction, for what one org has.
    pub(crate) fn for_org(&mut self, org_id: i64) -> &mut Tx {
        self.0.org_id = org_id;
        &mut self.0
    }

    /// Whether the database would take other changes now: what has failed is of this one.
    pub(crate) fn takes_others(&self) -> bool {
        self.0.conn.takes_others()
    }

    /// The same transaction, from now on for what one org has.
    pub(super) fn into_org(mut self, org_id: i64) -> Tx {
        self.for_org(org_id);
        self.0
    }

    /// A statement over all orgs: nothing is bound to it yet.
    pub(crate) fn query(&mut self, sql: impl SqlSafeStr) -> Statement<'_> {
        Statement::new(&mut self.0.conn, sql)
    }

    /// A statement over all orgs whose rows are wanted: nothing is bound to it yet.
    pub(crate) fn query_as<O>(&mut self, sql: impl SqlSafeStr) -> StatementAs<'_, O>
    where
        O: for<'r> FromRow<'r, AnyRow>,
    {
        StatementAs::new(&mut self.0.conn, sql)
    }

    /// Makes the change durable.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        self.0.commit().await
    }
}

// === impl Statement ===

impl<'t> Statement<'t> {
    fn new(conn: &'t mut AnyConnection, sql: impl SqlSafeStr) -> Self {
        let query = sqlx::query(sql);
        Self { conn, query }
    }

    /// Binds the next value.
    pub fn bind<'v, T>(self, value: T) -> Self
    where
        T: Encode<'v, Any> + Type<Any>,
    {
        Self {
            query: self.query.bind(value),
            ..self
        }
    }

    /// Runs it, and says how many rows it touched.
    pub async fn execute(self) -> Result<u64, StoreError> {
        let done = self.query.execute(self.conn).await.map_err(db_error)?;
        Ok(done.rows_affected())
    }

    /// All rows, as the driver has them: for columns that are known when it runs.
    pub(crate) async fn fetch_rows(self) -> Result<Vec<AnyRow>, StoreError> {
        self.query.fetch_all(self.conn).await.map_err(db_error)
    }
}

// === impl StatementAs ===

impl<'t, O> StatementAs<'t, O> {
    fn new(conn: &'t mut AnyConnection, sql: impl SqlSafeStr) -> Self {
        Self::of(Statement::new(conn, sql))
    }

    fn of(statement: Statement<'t>) -> Self {
        let row = PhantomData;
        Self { statement, row }
    }

    /// Binds the next value.
    pub fn bind<'v, T>(self, value: T) -> Self
    where
        T: Encode<'v, Any> + Type<Any>,
    {
        Self::of(self.statement.bind(value))
    }

    /// Not kept among the connection's prepared statements: it will not come again.
    pub(crate) fn once(self) -> Self {
        let Statement { conn, query } = self.statement;
        let query = query.persistent(false);
        Self::of(Statement { conn, query })
    }
}

impl<'t, O> StatementAs<'t, O>
where
    O: for<'r> FromRow<'r, AnyRow> + Send + Unpin + 't,
{
    /// The row, if there is one.
    pub async fn fetch_optional(self) -> Result<Option<O>, StoreError> {
        let Statement { conn, query } = self.statement;
        let row = query.fetch_optional(conn).await.map_err(db_error)?;
        row.map(|row| O::from_row(&row).map_err(db_error))
            .transpose()
    }

    /// The row. That there is none is an error: for what always has one, such as a count.
    pub async fn fetch_one(self) -> Result<O, StoreError> {
        let row = self.fetch_optional().await?;
        row.ok_or_else(|| db_error(sqlx::Error::RowNotFound))
    }

    /// All rows.
    pub async fn fetch_all(self) -> Result<Vec<O>, StoreError> {
        self.fetch().try_collect().await
    }

    /// The rows as they are read.
    pub fn fetch(self) -> impl Stream<Item = Result<O, StoreError>> + Send + Unpin + 't {
        let Statement { conn, query } = self.statement;
        let rows = query.fetch(conn);
        rows.map(|row| O::from_row(&row.map_err(db_error)?).map_err(db_error))
    }
}

impl std::fmt::Debug for Statement<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Statement").finish_non_exhaustive()
    }
}

impl<O> std::fmt::Debug for StatementAs<'_, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StatementAs").finish_non_exhaustive()
    }
}
