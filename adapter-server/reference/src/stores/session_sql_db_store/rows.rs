//! Databases as rows: what is known of each, and the chunks of its image.

use crate::db::Tx;
use crate::encoding::corrupt_row;
use crate::encoding::{now_after, time};
use crate::stores::session_sql_db_store::image::{Image, Revision};
use everruns_core::session_sqldb::DatabaseInfo;
use everruns_core::typed_id::SessionId;
use mortise_proto::StoreError;
use sqlx::FromRow;
use uuid::Uuid;

const FIND: &str = "SELECT name, version, created_at, updated_at, size_bytes, page_count \
    FROM sql_databases WHERE org_id = $1 AND session_id = $2 AND name = $3";

const LIST: &str = "SELECT name, version, created_at, updated_at, size_bytes, page_count \
    FROM sql_databases WHERE org_id = $1 AND session_id = $2 ORDER BY name";

const COUNT: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM sql_databases \
                     WHERE org_id = $1 AND session_id = $2";

const PUT: &str = "INSERT INTO sql_databases \
        (org_id, session_id, name, version, created_at, updated_at, size_bytes, page_count) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
    ON CONFLICT (org_id, session_id, name) \
    DO UPDATE SET version = excluded.version, updated_at = excluded.updated_at, \
                  size_bytes = excluded.size_bytes, page_count = excluded.page_count";

const DELETE: &str = "DELETE FROM sql_databases \
                      WHERE org_id = $1 AND session_id = $2 AND name = $3";

const CHUNKS: &str = "SELECT content FROM sql_database_chunks \
    WHERE org_id = $1 AND session_id = $2 AND name = $3 ORDER BY position";

const PUT_CHUNK: &str = "INSERT INTO sql_database_chunks \
        (org_id, session_id, name, position, content) \
    VALUES ($1, $2, $3, $4, $5) \
    ON CONFLICT (org_id, session_id, name, position) DO UPDATE SET content = excluded.content";

const CUT_CHUNKS: &str = "DELETE FROM sql_database_chunks \
    WHERE org_id = $1 AND session_id = $2 AND name = $3 AND position >= $4";

/// Which database.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) session_id: SessionId,
    pub(super) name: String,
}

/// What is known of a database.
#[derive(Debug, Clone, FromRow)]
pub(super) struct Record {
    name: String,
    pub(super) version: String,
    created_at: i64,
    updated_at: i64,
    size_bytes: i64,
    page_count: i64,
}

// === impl Record ===

impl Record {
    /// One for an image that is stored now, over the one before.
    pub(super) fn of(place: &Place, before: Option<&Self>, image: &Image) -> Self {
        let updated_at = now_after(before.map_or(0, |before| before.updated_at));
        Self {
            name: place.name.clone(),
            version: Uuid::now_v7().to_string(),
            created_at: before.map_or(updated_at, |before| before.created_at),
            updated_at,
            size_bytes: i64::try_from(image.bytes()).unwrap_or(i64::MAX),
            page_count: i64::try_from(image.pages()).unwrap_or(i64::MAX),
        }
    }

    pub(super) fn info(self) -> DatabaseInfo {
        DatabaseInfo {
            name: self.name,
            size_bytes: self.size_bytes,
            page_count: i32::try_from(self.page_count).unwrap_or(i32::MAX),
            created_at: time(self.created_at),
            updated_at: time(self.updated_at),
        }
    }
}

// === statements ===

pub(super) async fn find(tx: &mut Tx, place: &Place) -> Result<Option<Record>, StoreError> {
    tx.query_as(FIND)
        .bind(place.session_id.to_string())
        .bind(place.name.as_str())
        .fetch_optional()
        .await
}

pub(super) async fn list(tx: &mut Tx, session_id: SessionId) -> Result<Vec<Record>, StoreError> {
    tx.query_as(LIST)
        .bind(session_id.to_string())
        .fetch_all()
        .await
}

/// How many databases the session has.
pub(super) async fn count(tx: &mut Tx, session_id: SessionId) -> Result<usize, StoreError> {
    let (count,): (i64,) = tx
        .query_as(COUNT)
        .bind(session_id.to_string())
        .fetch_one()
        .await?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// The image of a database that was found in the same transaction.
pub(super) async fn image(
    tx: &mut Tx,
    place: &Place,
    record: &Record,
) -> Result<Image, StoreError> {
    let chunks: Vec<(Vec<u8>,)> = tx
        .query_as(CHUNKS)
        .bind(place.session_id.to_string())
        .bind(place.name.as_str())
        .fetch_all()
        .await?;
    let image = Image::of_chunks(chunks.into_iter().map(|(chunk,)| chunk.into()).collect());
    if i64::try_from(image.bytes()) != Ok(record.size_bytes) {
        return Err(corrupt_row("a session database lacks some of its chunks"));
    }
    Ok(image)
}

/// Stores what is known of a database and the chunks that a change has touched.
pub(super) async fn put(
    tx: &mut Tx,
    place: &Place,
    record: &Record,
    revision: &Revision,
) -> Result<(), StoreError> {
    let session_id = place.session_id.to_string();
    tx.query(PUT)
        .bind(session_id.as_str())
        .bind(place.name.as_str())
        .bind(record.version.as_str())
        .bind(record.created_at)
        .bind(record.updated_at)
        .bind(record.size_bytes)
        .bind(record.page_count)
        .execute()
        .await?;
    for &position in &revision.changed {
        tx.query(PUT_CHUNK)
            .bind(session_id.as_str())
            .bind(place.name.as_str())
            .bind(i64::try_from(position).unwrap_or(i64::MAX))
            .bind(revision.image.chunk(position))
            .execute()
            .await?;
    }
    cut(tx, place, revision.image.chunk_count()).await
}

/// Deletes a database and says whether it was there.
pub(super) async fn delete(tx: &mut Tx, place: &Place) -> Result<bool, StoreError> {
    cut(tx, place, 0).await?;
    let deleted = tx
        .query(DELETE)
        .bind(place.session_id.to_string())
        .bind(place.name.as_str())
        .execute()
        .await?;
    Ok(deleted > 0)
}

/// Deletes the chunks from a position on.
async fn cut(tx: &mut Tx, place: &Place, first: usize) -> Result<(), StoreError> {
    tx.query(CUT_CHUNKS)
        .bind(place.session_id.to_string())
        .bind(place.name.as_str())
        .bind(i64::try_from(first).unwrap_or(i64::MAX))
        .execute()
        .await?;
    Ok(())
}
