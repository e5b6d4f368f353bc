//! Stored bodies as they came, read in one transaction: each base is read and unpacked
//! once.

use crate::db::Tx;
use crate::encoding::corrupt_row;
use crate::packing::frame::unpack;
use bytes::Bytes;
use mortise_proto::StoreError;
use std::collections::HashMap;

/// An event and its bases, the first of them first. A base comes before what repeats it.
pub(super) const CHAIN: &str = "WITH RECURSIVE chain (sequence, base_sequence) AS \
        (SELECT sequence, base_sequence FROM events \
         WHERE org_id = $1 AND session_id = $2 AND sequence = $3 \
         UNION ALL \
         SELECT e.sequence, e.base_sequence FROM chain c JOIN events e \
         ON e.org_id = $1 AND e.session_id = $2 AND e.sequence = c.base_sequence \
         WHERE c.base_sequence < c.sequence) \
    SELECT e.sequence, e.id, e.full_size, e.base_sequence, e.place, e.body \
    FROM chain c JOIN events e \
    ON e.org_id = $1 AND e.session_id = $2 AND e.sequence = c.sequence \
    ORDER BY e.sequence";

/// Bodies that are kept while a page is read, in bytes.
const KEPT_BYTES: usize = 32 * 1024 * 1024;

/// Sequence number, id, full size, base, place, body.
pub(super) type ChainRow = (i64, String, Option<i64>, Option<i64>, Option<i64>, Vec<u8>);

/// A body as it is stored.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) sequence: i64,
    /// `None`: the body is stored as it came.
    pub(crate) full_size: Option<i64>,
    pub(crate) base: Option<i64>,
    pub(crate) body: Vec<u8>,
}

/// Unpacks bodies of one session.
#[derive(Debug)]
pub(crate) struct Unpacking {
    session_id: String,
    /// By sequence number, those that another may repeat.
    known: HashMap<i64, Bytes>,
    bytes: usize,
}

// === impl Unpacking ===

impl Unpacking {
    pub(crate) fn new(session_id: String) -> Self {
        Self {
            session_id,
            known: HashMap::new(),
            bytes: 0,
        }
    }

    /// The body as it came.
    pub(crate) async fn body(&mut self, tx: &mut Tx, row: Row) -> Result<Bytes, StoreError> {
        if row.full_size.is_none() {
            return Ok(row.body.into());
        }
        let base = match row.base {
            Some(sequence) => Some(self.base(tx, sequence).await?),
            None => None,
        };
        self.unpack(row, base.as_deref())
    }

    /// The body of a base.
    async fn base(&mut self, tx: &mut Tx, sequence: i64) -> Result<Bytes, StoreError> {
        if let Some(body) = self.known.get(&sequence) {
            return Ok(body.clone());
        }
        let rows = tx.query_as(CHAIN).bind(self.session_id.clone());
        let rows: Vec<ChainRow> = rows.bind(sequence).fetch_all().await?;
        let mut last: Option<(i64, Bytes)> = None;
        for (sequence, _, full_size, base, _, body) in rows {
            if base != last.as_ref().map(|(sequence, _)| *sequence) {
                return Err(no_base());
            }
            let row = Row {
                sequence,
                full_size,
                base,
                body,
            };
            let known = self.known.get(&sequence).cloned();
            let body = match known {
                Some(body) => body,
                None => self.unpack(row, last.as_ref().map(|(_, body)| body.as_ref()))?,
            };
            last = Some((sequence, body));
        }
        match last {
            Some((found, body)) if found == sequence => Ok(body),
            _ => Err(no_base()),
        }
    }

    fn unpack(&mut self, row: Row, base: Option<&[u8]>) -> Result<Bytes, StoreError> {
        let body = match row.full_size.map(usize::try_from) {
            Some(Ok(full_size)) => unpack(&row.body, base, full_size)?,
            Some(Err(_)) => return Err(corrupt_row("full_size of an event")),
            // A base that was lost and sent again may be stored as it came.
            None => row.body.into(),
        };
        if self.bytes + body.len() > KEPT_BYTES {
            self.known.clear();
            self.bytes = 0;
        }
        self.bytes += body.len();
        self.known.insert(row.sequence, body.clone());
        Ok(body)
    }
}

fn no_base() -> StoreError {
    corrupt_row("the event whose body another repeats is not there")
}
