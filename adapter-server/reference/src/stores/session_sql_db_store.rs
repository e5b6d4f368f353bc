//! A session's SQL databases: real SQLite, inside the storage.
//!
//! A database is stored as the bytes of its file, so that it is where everything else
//! is, in backups too, and any process can serve it. A call opens a copy in memory, runs
//! its statements there and, if they changed it, stores the chunks that differ. A call
//! that fails changes nothing because its copy is dropped.
//!
//! Statements run outside of any transaction of the storage: SQLite has one writer, and
//! ten seconds of one session's SQL must not keep the others from it. A change is therefore
//! stored only if the database is still the one that it was made from, and is otherwise
//! made again from the new one.

mod engine;
mod functions;
mod image;
mod job;
mod limits;
mod rows;
mod rules;
mod sandbox;
mod statements;
mod upstream;
mod watch;
mod wire;
mod worker;
mod workers;

pub use limits::SqlLimits;
pub use worker::run_sql_worker;
pub use workers::SqlWorker;

pub(crate) use engine::SqlEngine;

use crate::context::StoreCtx;
use crate::db::Tx;
use crate::db::errors::refused;
use crate::db::unavailable;
use crate::encoding::stored_fault;
use crate::stores::session_store;
use async_trait::async_trait;
use everruns_core::session_sqldb::{
    DatabaseInfo, SessionSqlDbError, SqlExecuteResult, SqlQueryResult, TableSchema,
};
use everruns_core::typed_id::SessionId;
use image::{Image, Revision};
use job::{Done, Job};
use mortise_adapter_server::SqlDatabases;
use mortise_proto::convert::nested;
use mortise_proto::convert::session_sql_db_store::into_host_error;
use mortise_proto::error::Outcome;
use mortise_proto::{StoreError, pb};
use rows::{Place, Record};
use std::sync::Arc;
use tokio::time::{Instant, timeout_at};

const NAME_BYTES: usize = 64;

/// A database that is changed is there as it grows, as what it has grown from, and as
/// the file that is stored.
const COPIES_TO_CHANGE: usize = 3;

/// The databases of the sessions of an org.
#[derive(Debug)]
pub(crate) struct SessionDatabases {
    pub(crate) ctx: StoreCtx,
    pub(crate) engine: Arc<SqlEngine>,
}

#[async_trait]
impl SqlDatabases for SessionDatabases {
    async fn create_database(
        &self,
        session_id: SessionId,
        name: &str,
    ) -> Result<DatabaseInfo, StoreError> {
        let place = Place::of(session_id, name)?;
        let empty = Image::default().revised(&[]);
        let create = self.ctx.run_once(async |tx| {
            session_store::begin_change(tx, session_id).await?;
            let session = session_store::must_be_open(tx, session_id);
            session.await.map_err(without_session)?;
            if rows::find(tx, &place).await?.is_some() {
                let name = place.name.clone();
                return Err(SessionSqlDbError::DatabaseAlreadyExists(name).into());
            }
            self.has_room(tx, session_id).await?;
            let record = Record::of(&place, None, &empty.image);
            rows::put(tx, &place, &record, &empty).await?;
            Ok(pb::CreateDatabaseResponse {
                database: Some(record.info().into()),
            })
        });
        nested("database", create.await?.database).map_err(stored_fault)
    }

    async fn list_databases(&self, session_id: SessionId) -> Result<Vec<DatabaseInfo>, StoreError> {
        let found = rows::list(&mut self.ctx.reader().await?, session_id).await?;
        Ok(found.into_iter().map(Record::info).collect())
    }

    async fn get_database(
        &self,
        session_id: SessionId,
        name: &str,
    ) -> Result<Option<DatabaseInfo>, StoreError> {
        let place = Place::of(session_id, name)?;
        let found = rows::find(&mut self.ctx.reader().await?, &place).await?;
        Ok(found.map(Record::info))
    }

    async fn delete_database(&self, session_id: SessionId, name: &str) -> Result<bool, StoreError> {
        let place = Place::of(session_id, name)?;
        let delete = self.ctx.run_once(async |tx| {
            session_store::begin_change(tx, session_id).await?;
            let deleted = rows::delete(tx, &place).await?;
            Ok(pb::DeleteDatabaseResponse { deleted })
        });
        Ok(delete.await?.deleted)
    }

    /// Runs statements and stores what they change.
    async fn sql_execute(
        &self,
        session_id: SessionId,
        db_name: &str,
        sql: &str,
    ) -> Result<SqlExecuteResult, StoreError> {
        let place = Place::of(session_id, db_name)?;
        let gate = self.engine.gate(self.ctx.org_id(), session_id);
        let patience = self.engine.patience();
        let alone = timeout_at(patience, gate.changing.lock()).await;
        let _alone = alone.map_err(|_| self.engine.limits().too_late())?;
        // A change is made again when another process was quicker.
        loop {
            // The statements may not run again: a row that they inserted is there.
            if let Some(answer) = self.ctx.cached_reply().await? {
                return Ok(executed(answer));
            }
            let found = self.find(&place).await?;
            let image = self.image_to_change(session_id, found.as_ref()).await?;
            let bytes = COPIES_TO_CHANGE * image.bytes();
            let job = Job::Execute(sql.to_string());
            let done = self.engine.run(&gate, patience, bytes, image, job).await;
            let (revision, rows_affected) = match done {
                Ok(done) => done.changed()?,
                // Maybe another process did it in the meantime, and this one fails over it.
                Err(error) => {
                    let answer = self.ctx.cached_reply().await?;
                    return answer.map(executed).ok_or(error);
                }
            };
            let answer = pb::SqlExecuteResponse { rows_affected };
            let stored = self.store(&place, found, revision, answer);
            if let Some(answer) = stored.await? {
                return Ok(executed(answer));
            }
            if Instant::now() >= patience {
                let text = format!("other calls keep changing the database {}", place.name);
                return Err(unavailable(text).outcome(Outcome::NotApplied));
            }
        }
    }

    async fn sql_query(
        &self,
        session_id: SessionId,
        db_name: &str,
        sql: &str,
    ) -> Result<SqlQueryResult, StoreError> {
        let place = Place::of(session_id, db_name)?;
        let done = self.run(&place, Job::Query(sql.to_string())).await?;
        Ok(done.rows()?)
    }

    async fn sql_schema(
        &self,
        session_id: SessionId,
        db_name: &str,
        table: Option<&str>,
    ) -> Result<Vec<TableSchema>, StoreError> {
        let place = Place::of(session_id, db_name)?;
        let job = Job::Schema(table.map(str::to_string));
        Ok(self.run(&place, job).await?.tables()?)
    }
}

fn executed(answer: pb::SqlExecuteResponse) -> SqlExecuteResult {
    SqlExecuteResult {
        rows_affected: answer.rows_affected,
    }
}

/// A database as it was found.
struct Found {
    record: Record,
    image: Arc<Image>,
}

/// The error of a session that is not there or takes nothing, as upstream's trait has it: a
/// model is not shown why. One that may pass stays what it is.
fn without_session(error: StoreError) -> StoreError {
    if error.is_transient() {
        return error;
    }
    into_host_error(error).into()
}

// === impl SessionDatabases ===

impl SessionDatabases {
    /// Fails unless the session may have another database.
    async fn has_room(&self, tx: &mut Tx, session_id: SessionId) -> Result<(), StoreError> {
        let limits = self.engine.limits();
        if rows::count(tx, session_id).await? >= limits.databases {
            return Err(limits.too_many().into());
        }
        Ok(())
    }

    /// Reads a database that must exist.
    async fn run(&self, place: &Place, job: Job) -> Result<Done, StoreError> {
        let found = self.find(place).await?;
        let Found { image, .. } =
            found.ok_or_else(|| SessionSqlDbError::DatabaseNotFound(place.name.clone()))?;
        let engine = &self.engine;
        let gate = engine.gate(self.ctx.org_id(), place.session_id);
        let bytes = image.bytes();
        engine
            .run(&gate, engine.patience(), bytes, image, job)
            .await
    }

    /// The database and its image, from memory if it has not changed since.
    async fn find(&self, place: &Place) -> Result<Option<Found>, StoreError> {
        let found = rows::find(&mut self.ctx.reader().await?, place).await?;
        let Some(record) = found else {
            return Ok(None);
        };
        if let Some(image) = self.engine.image(&record.version).await {
            return Ok(Some(Found { record, image }));
        }
        let mut tx = self.ctx.snapshot().await?;
        let Some(record) = rows::find(&mut tx, place).await? else {
            return Ok(None);
        };
        let image = Arc::new(rows::image(&mut tx, place, &record).await?);
        drop(tx);
        let kept = self.engine.keep(record.version.clone(), image.clone());
        kept.await;
        Ok(Some(Found { record, image }))
    }

    /// The image that a change begins with: an empty one where there is no database.
    async fn image_to_change(
        &self,
        session_id: SessionId,
        found: Option<&Found>,
    ) -> Result<Arc<Image>, StoreError> {
        if let Some(found) = found {
            return Ok(found.image.clone());
        }
        let mut tx = self.ctx.reader().await?;
        let session = session_store::must_exist(&mut tx, session_id);
        session.await.map_err(without_session)?;
        Ok(Arc::default())
    }

    /// Stores a revision of the database that was found; `None` if it has changed since.
    async fn store(
        &self,
        place: &Place,
        found: Option<Found>,
        revision: Revision,
        answer: pb::SqlExecuteResponse,
    ) -> Result<Option<pb::SqlExecuteResponse>, StoreError> {
        let session_id = place.session_id;
        let before = found.as_ref().map(|found| &found.record);
        let is_same = found
            .as_ref()
            .is_some_and(|found| revision.is_same(&found.image));
        let mut outrun = false;
        let mut stored = None;
        let answer = self.ctx.run_once_alone(async |tx| {
            session_store::begin_change(tx, session_id).await?;
            let now = rows::find(tx, place).await?;
            let version = |record: &Record| record.version.clone();
            if now.as_ref().map(version) != before.map(version) {
                outrun = true;
                return Err(refused("the database was changed in the meantime"));
            }
            if !is_same {
                let session = session_store::must_be_open(tx, session_id);
                session.await.map_err(without_session)?;
                if before.is_none() {
                    self.has_room(tx, session_id).await?;
                }
                let record = Record::of(place, before, &revision.image);
                rows::put(tx, place, &record, &revision).await?;
                stored = Some(record.version);
            }
            Ok(answer)
        });
        let answer = answer.await;
        if outrun {
            return Ok(None);
        }
        let answer = answer?;
        if let Some(version) = stored {
            let kept = self.engine.keep(version, Arc::new(revision.image));
            kept.await;
        }
        Ok(Some(answer))
    }
}

// === impl Place ===

impl Place {
    fn of(session_id: SessionId, name: &str) -> Result<Self, StoreError> {
        let name = checked(name)?.to_string();
        Ok(Self { session_id, name })
    }
}

/// A name that may be a database's.
fn checked(name: &str) -> Result<&str, SessionSqlDbError> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if (1..=NAME_BYTES).contains(&name.len()) && name.bytes().all(is_allowed) {
        return Ok(name);
    }
    let shown: String = name.chars().take(NAME_BYTES).collect();
    Err(SessionSqlDbError::InvalidDatabaseName(format!(
        "{shown:?}; a name has 1 to {NAME_BYTES} letters, digits and underscores"
    )))
}
