//! The chains of the sessions that were written to lately, so that a large event is packed
//! without a read of the one before.

use crate::context::StoreCtx;
use crate::packing::chain::{Chain, Link, Packed};
use crate::packing::unpack::{CHAIN, ChainRow};
use bytes::Bytes;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use mortise_proto::StoreError;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::spawn_blocking;

/// A smaller body is stored as it came: its row would not become much smaller.
const PACKED_MIN: usize = 4 * 1024;

/// Chains that are kept, in bytes, and for how long one that no event comes to.
const KEPT_BYTES: u64 = 64 * 1024 * 1024;
const KEPT_IDLE: Duration = Duration::from_secs(10 * 60);

/// The last packed event of a type, among the last events of a session. What is further
/// back is hardly repeated.
const LAST: &str = "SELECT e.sequence, e.place FROM \
        (SELECT sequence, type FROM events WHERE org_id = $1 AND session_id = $2 \
         ORDER BY sequence DESC LIMIT 512) AS l \
    JOIN events e ON e.org_id = $1 AND e.session_id = $2 AND e.sequence = l.sequence \
    WHERE l.type = $3 ORDER BY e.sequence DESC LIMIT 1";

/// Org, session and type.
type Key = (i64, String, String);

/// The chains that are kept.
#[derive(Debug)]
pub(crate) struct Recent {
    chains: Cache<Key, Arc<Chain>>,
}

/// An event that has been stored packed.
#[derive(Debug)]
pub(crate) struct Stored<'a> {
    pub(crate) org_id: i64,
    pub(crate) session_id: &'a str,
    pub(crate) event_type: &'a str,
    pub(crate) event_id: String,
    pub(crate) sequence: i64,
    pub(crate) body: &'a Bytes,
}

impl Default for Recent {
    fn default() -> Self {
        let weight = |(_, session, event_type): &Key, chain: &Arc<Chain>| {
            let bytes = chain.bytes() + session.len() + event_type.len();
            u32::try_from(bytes).unwrap_or(u32::MAX)
        };
        Self {
            chains: Cache::builder()
                .weigher(weight)
                .max_capacity(KEPT_BYTES)
                .eviction_policy(EvictionPolicy::lru())
                .time_to_idle(KEPT_IDLE)
                .build(),
        }
    }
}

// === impl Recent ===

impl Recent {
    /// Packs the body of an event that is to be stored. `None`: it is stored as it came.
    pub(crate) async fn pack(
        &self,
        ctx: &StoreCtx,
        session_id: &str,
        event_type: &str,
        body: &Bytes,
    ) -> Option<Packed> {
        if body.len() < PACKED_MIN {
            return None;
        }
        let key = (ctx.org_id(), session_id.to_string(), event_type.to_string());
        let chain = match self.chains.get(&key) {
            Some(chain) => Some(chain),
            // Without its base it takes more space, and that is all.
            None => last(ctx, session_id, event_type).await.ok().flatten(),
        };
        let body = body.clone();
        let work = move || Packed::new(chain.as_deref(), &body);
        spawn_blocking(work).await.ok().flatten()
    }

    /// Notes an event that has been stored so: the next may repeat it.
    pub(crate) fn note(&self, stored: Stored<'_>, packed: &Packed) {
        let Stored {
            org_id,
            session_id,
            event_type,
            event_id,
            sequence,
            body,
        } = stored;
        let key = (org_id, session_id.to_string(), event_type.to_string());
        let chain = packed.stored(sequence, event_id, body);
        self.chains.insert(key, Arc::new(chain));
    }

    /// Forgets a chain whose base is not there any more.
    pub(crate) fn forget(&self, org_id: i64, session_id: &str, event_type: &str) {
        let key = (org_id, session_id.to_string(), event_type.to_string());
        self.chains.invalidate(&key);
    }
}

/// The chain that ends with the last event of a type, as it is stored.
async fn last(
    ctx: &StoreCtx,
    session_id: &str,
    event_type: &str,
) -> Result<Option<Arc<Chain>>, StoreError> {
    let mut tx = ctx.reader().await?;
    let last = tx.query_as(LAST).bind(session_id.to_string());
    let last: Option<(i64, Option<i64>)> =
        last.bind(event_type.to_string()).fetch_optional().await?;
    let Some((sequence, Some(_))) = last else {
        return Ok(None);
    };
    let rows = tx.query_as(CHAIN).bind(session_id.to_string());
    let rows: Vec<ChainRow> = rows.bind(sequence).fetch_all().await?;
    let links: Option<Vec<Link>> = rows.into_iter().map(link).collect();
    Ok(links.map(|links| Arc::new(Chain::new(links))))
}

/// `None` for a row that no packed event has.
fn link((sequence, event_id, full_size, _, place, frame): ChainRow) -> Option<Link> {
    Some(Link {
        place: u32::try_from(place?).ok()?,
        sequence,
        event_id,
        full_size: usize::try_from(full_size?).ok()?,
        frame: frame.into(),
    })
}
