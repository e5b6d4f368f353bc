//! Schedules as rows.

use crate::db::{AllOrgs, Tx};
use crate::encoding::{decoded, domains, nanos, now_after, stored_fault, time};
use everruns_core::session_schedule::SessionSchedule;
use everruns_core::typed_id::SessionId;
use mortise_proto::convert::{optional_timestamp, timestamp, to_timestamp};
use mortise_proto::{StoreError, pb};
use prost::Message;

const FIND: &str = "SELECT body FROM session_schedules \
                    WHERE org_id = $1 AND session_id = $2 AND id = $3";

const LIST: &str = "SELECT body FROM session_schedules WHERE org_id = $1 AND session_id = $2 \
                    ORDER BY created_at, id";

const COUNT: &str = "SELECT count(*) FROM session_schedules \
                     WHERE org_id = $1 AND session_id = $2 AND enabled = 1";

const PUT: &str = "INSERT INTO session_schedules \
        (org_id, session_id, id, enabled, created_at, next_trigger_at, body) \
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (org_id, session_id, id) \
    DO UPDATE SET enabled = excluded.enabled, next_trigger_at = excluded.next_trigger_at, \
                  body = excluded.body";

/// Of every org: firing is the server's own work.
const DUE: &str = "SELECT org_id, session_id, id FROM session_schedules \
                   WHERE next_trigger_at <= $1 ORDER BY next_trigger_at LIMIT 64";

/// By their keys: their times are about to change.
const WAITING: &str = "SELECT org_id, session_id, id, next_trigger_at, body FROM session_schedules \
                     WHERE next_trigger_at > $1 AND (org_id, session_id, id) > ($2, $3, $4) \
                     ORDER BY org_id, session_id, id LIMIT 64";

/// Only the column: `body` says when it was due.
const POSTPONE: &str = "UPDATE session_schedules SET next_trigger_at = $5 \
                        WHERE org_id = $1 AND session_id = $2 AND id = $3 \
                          AND next_trigger_at <= $4";

const ENABLED: &str = "SELECT body FROM session_schedules \
                       WHERE org_id = $1 AND session_id = $2 AND enabled = 1";

const NEXT_DUE: &str = "SELECT CAST(MIN(next_trigger_at) AS BIGINT) FROM session_schedules";

/// Org, session and id.
pub(super) type Key = (i64, String, String);

/// A schedule that is not due yet.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Waiting {
    org_id: i64,
    session_id: String,
    id: String,
    #[sqlx(rename = "next_trigger_at")]
    pub(super) next: i64,
    body: Vec<u8>,
}

// === impl Waiting ===

impl Waiting {
    pub(super) fn key(&self) -> Key {
        (self.org_id, self.session_id.clone(), self.id.clone())
    }

    pub(super) fn schedule(&self) -> Result<pb::SessionSchedule, StoreError> {
        decoded(&self.body)
    }
}

pub(super) async fn find(
    tx: &mut Tx,
    session_id: &str,
    id: &str,
) -> Result<Option<pb::SessionSchedule>, StoreError> {
    let row: Option<(Vec<u8>,)> = tx
        .query_as(FIND)
        .bind(session_id)
        .bind(id)
        .fetch_optional()
        .await?;
    row.map(|(body,)| decoded(&body)).transpose()
}

pub(super) async fn list(
    tx: &mut Tx,
    session_id: SessionId,
) -> Result<Vec<SessionSchedule>, StoreError> {
    let rows: Vec<(Vec<u8>,)> = tx
        .query_as(LIST)
        .bind(session_id.to_string())
        .fetch_all()
        .await?;
    domains::<pb::SessionSchedule, _>(&rows)
}

pub(super) async fn count_active(tx: &mut Tx, session_id: SessionId) -> Result<u32, StoreError> {
    let (count,): (i64,) = tx
        .query_as(COUNT)
        .bind(session_id.to_string())
        .fetch_one()
        .await?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

pub(super) async fn put(tx: &mut Tx, schedule: &pb::SessionSchedule) -> Result<(), StoreError> {
    let created_at = timestamp("created_at", schedule.created_at).map_err(stored_fault)?;
    let next = optional_timestamp("next_trigger_at", schedule.next_trigger_at);
    let next = next.map_err(stored_fault)?;
    tx.query(PUT)
        .bind(schedule.session_id.as_str())
        .bind(schedule.id.as_str())
        .bind(i64::from(schedule.enabled))
        .bind(nanos(created_at))
        .bind(next.filter(|_| schedule.enabled).map(nanos))
        .bind(schedule.encode_to_vec())
        .execute()
        .await?;
    Ok(())
}

/// Org, session and id of some of those that are due, the longest due first.
pub(super) async fn due(all: &mut AllOrgs, now: i64) -> Result<Vec<Key>, StoreError> {
    all.query_as(DUE).bind(now).fetch_all().await
}

/// Some of those that are not due yet, in the order of their keys, after a key.
pub(super) async fn waiting(
    all: &mut AllOrgs,
    now: i64,
    after: Option<&Key>,
) -> Result<Vec<Waiting>, StoreError> {
    let first = (i64::MIN, String::new(), String::new());
    let (org_id, session_id, id) = after.unwrap_or(&first);
    let query = all.query_as(WAITING).bind(now).bind(*org_id);
    let query = query.bind(session_id.clone()).bind(id.clone());
    query.fetch_all().await
}

/// Puts off one that is due.
pub(super) async fn postpone(
    tx: &mut Tx,
    session_id: &str,
    id: &str,
    now: i64,
    until: i64,
) -> Result<(), StoreError> {
    tx.query(POSTPONE)
        .bind(session_id)
        .bind(id)
        .bind(now)
        .bind(until)
        .execute()
        .await?;
    Ok(())
}

/// Those of a session that are enabled.
pub(super) async fn enabled(
    tx: &mut Tx,
    session_id: SessionId,
) -> Result<Vec<pb::SessionSchedule>, StoreError> {
    let rows: Vec<(Vec<u8>,)> = tx
        .query_as(ENABLED)
        .bind(session_id.to_string())
        .fetch_all()
        .await?;
    rows.iter().map(|(body,)| decoded(body)).collect()
}

/// When the next one is due.
pub(super) async fn next_due(all: &mut AllOrgs) -> Result<Option<i64>, StoreError> {
    let (next,): (Option<i64>,) = all.query_as(NEXT_DUE).fetch_one().await?;
    Ok(next)
}

/// The schedule once it is disabled.
pub(super) fn disabled(
    mut schedule: pb::SessionSchedule,
) -> Result<pb::SessionSchedule, StoreError> {
    let last = timestamp("updated_at", schedule.updated_at).map_err(stored_fault)?;
    schedule.enabled = false;
    schedule.next_trigger_at = None;
    schedule.updated_at = Some(to_timestamp(time(now_after(nanos(last)))));
    Ok(schedule)
}
