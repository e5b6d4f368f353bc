//! Stored events, read.

use crate::db::Tx;
use crate::encoding::{decoded, stored_fault};
use crate::packing::{Row, Unpacking};
use everruns_core::typed_id::SessionId;
use mortise_proto::convert::event_log::stored;
use mortise_proto::convert::id;
use mortise_proto::{StoreError, pb};

/// As many as there are, and no more than what `$5` bytes hold, but one. The innermost
/// SELECT is limited before anything is added up.
macro_rules! page {
    ($condition:literal, $order:literal) => {
        concat!(
            "SELECT e.sequence, e.id, e.full_size, e.base_sequence, e.body FROM \
                (SELECT sequence, bytes, SUM(bytes) OVER (ORDER BY sequence ",
            $order,
            ") AS upto FROM \
                    (SELECT sequence, COALESCE(full_size, LENGTH(body)) AS bytes FROM events \
                     WHERE org_id = $1 AND session_id = $2 AND ",
            $condition,
            " ORDER BY sequence ",
            $order,
            " LIMIT $4) AS l) AS p \
            JOIN events e ON e.org_id = $1 AND e.session_id = $2 AND e.sequence = p.sequence \
            WHERE p.upto <= $5 OR p.upto = p.bytes ORDER BY e.sequence ",
            $order
        )
    };
}

const READ: &str = page!("sequence > $3", "");

const OF_TYPE: &str = page!("sequence < $3 AND type = $6", "DESC");

/// The most bytes of events that are read at a time, unless one alone is larger.
const READ_BYTES: i64 = 4 * 1024 * 1024;

/// Sequence number, id, full size, base, body.
type EventRow = (i64, String, Option<i64>, Option<i64>, Vec<u8>);

/// The next stored events of a session after a sequence number, in order.
pub(crate) async fn read(
    tx: &mut Tx,
    session_id: SessionId,
    after_sequence: i64,
    limit: u32,
) -> Result<Vec<pb::Event>, StoreError> {
    let session = session_id.to_string();
    let rows = tx.query_as(READ).bind(session.clone()).bind(after_sequence);
    let rows = rows.bind(i64::from(limit)).bind(READ_BYTES);
    let rows = rows.fetch_all().await?;
    events(tx, session, rows).await
}

/// The newest stored events of a type of a session before a sequence number, newest first.
pub(crate) async fn newest_of_type(
    tx: &mut Tx,
    session_id: SessionId,
    event_type: &'static str,
    before_sequence: i64,
    limit: i64,
) -> Result<Vec<pb::Event>, StoreError> {
    let session = session_id.to_string();
    let rows = tx.query_as(OF_TYPE).bind(session.clone());
    let rows = rows.bind(before_sequence).bind(limit).bind(READ_BYTES);
    let rows = rows.bind(event_type).fetch_all().await?;
    events(tx, session, rows).await
}

async fn events(
    tx: &mut Tx,
    session: String,
    rows: Vec<EventRow>,
) -> Result<Vec<pb::Event>, StoreError> {
    let mut unpacking = Unpacking::new(session);
    let mut events = Vec::with_capacity(rows.len());
    for (sequence, event_id, full_size, base, body) in rows {
        let row = Row {
            sequence,
            full_size,
            base,
            body,
        };
        let body = unpacking.body(tx, row).await?;
        let event_id = id("id", &event_id).map_err(stored_fault)?;
        events.push(stored(decoded(&body)?, event_id, sequence));
    }
    Ok(events)
}
