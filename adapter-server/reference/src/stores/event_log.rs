//! Stored events, read.

use crate::db::Tx;
use crate::encoding::{decoded, stored_fault};
use everruns_core::typed_id::SessionId;
use futures::{Stream, StreamExt};
use mortise_proto::convert::event_log::stored;
use mortise_proto::convert::id;
use mortise_proto::{StoreError, pb};

/// As many as there are, and no more than what `$5` bytes hold, but one. The innermost
/// SELECT is limited before anything is added up.
const READ: &str = "SELECT e.sequence, e.id, e.body FROM \
        (SELECT sequence, bytes, SUM(bytes) OVER (ORDER BY sequence) AS upto FROM \
            (SELECT sequence, LENGTH(body) AS bytes FROM events \
             WHERE org_id = $1 AND session_id = $2 AND sequence > $3 \
             ORDER BY sequence LIMIT $4) AS l) AS p \
    JOIN events e ON e.org_id = $1 AND e.session_id = $2 AND e.sequence = p.sequence \
    WHERE p.upto <= $5 OR p.upto = p.bytes ORDER BY e.sequence";

const OF_TYPE: &str = "SELECT sequence, id, body FROM events \
                       WHERE org_id = $1 AND session_id = $2 AND type = $3 \
                       ORDER BY sequence DESC LIMIT $4";

/// The most bytes of events that are read at a time, unless one alone is larger.
const READ_BYTES: i64 = 4 * 1024 * 1024;

/// The next stored events of a session after a sequence number, in order.
pub(crate) async fn read(
    tx: &mut Tx,
    session_id: SessionId,
    after_sequence: i64,
    limit: u32,
) -> Result<Vec<pb::Event>, StoreError> {
    let rows: Vec<(i64, String, Vec<u8>)> = tx
        .query_as(READ)
        .bind(session_id.to_string())
        .bind(after_sequence)
        .bind(i64::from(limit))
        .bind(READ_BYTES)
        .fetch_all()
        .await?;
    rows.into_iter().map(event).collect()
}

/// The newest events of a type of a session, newest first, at most `limit`, as they are
/// read.
pub(crate) fn newest_of_type(
    tx: &mut Tx,
    session_id: SessionId,
    event_type: &'static str,
    limit: i64,
) -> impl Stream<Item = Result<pb::Event, StoreError>> {
    let rows = tx
        .query_as(OF_TYPE)
        .bind(session_id.to_string())
        .bind(event_type)
        .bind(limit)
        .fetch();
    rows.map(|row| event(row?))
}

fn event((sequence, event_id, body): (i64, String, Vec<u8>)) -> Result<pb::Event, StoreError> {
    let event_id = id("id", &event_id).map_err(stored_fault)?;
    Ok(stored(decoded(&body)?, event_id, sequence))
}
