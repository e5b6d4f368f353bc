//! Events whose data come as a difference from those of an earlier one. See `DataPatch` in
//! `event_emitter.proto`.

use crate::EventStore;
use crate::serve::HandlerResult;
use everruns_core::typed_id::SessionId;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use mortise_proto::convert::id;
use mortise_proto::{StoreError, pb};
use std::sync::Arc;
use std::time::Duration;

/// Data that are kept, in bytes, and for how long where no event comes to them.
const KEPT_BYTES: u64 = 64 * 1024 * 1024;
const KEPT_IDLE: Duration = Duration::from_secs(10 * 60);

/// Org, session and type.
type Key = (i64, SessionId, String);

/// A stored event that the next may be a difference from.
#[derive(Debug, Clone)]
struct Base {
    sequence: i64,
    data: Arc<str>,
}

/// Puts the data of events together. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Patches {
    /// The last events that came as differences: the next ones are differences from them.
    kept: Cache<Key, Base>,
    bytes_max: usize,
}

/// An event that came as a difference and is not stored yet.
#[derive(Debug)]
pub(crate) struct Patched {
    key: Key,
    data: Arc<str>,
}

// === impl Patches ===

impl Patches {
    /// No event may have more bytes than a message.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            kept: Cache::builder()
                .weigher(|_, base: &Base| u32::try_from(base.data.len()).unwrap_or(u32::MAX))
                .max_capacity(KEPT_BYTES)
                .eviction_policy(EvictionPolicy::lru())
                .time_to_idle(KEPT_IDLE)
                .build(),
            bytes_max,
        }
    }

    /// Gives an event its data.
    pub(crate) async fn apply(
        &self,
        store: &dyn EventStore,
        org_id: i64,
        event: &mut pb::NewEvent,
        patch: &pb::DataPatch,
    ) -> HandlerResult<Patched> {
        let size = usize::try_from(patch.full_bytes()).unwrap_or(usize::MAX);
        if size > self.bytes_max {
            let what = "the event that data_patch makes";
            return Err(StoreError::too_large(what, size, self.bytes_max));
        }
        let session_id = id("event.session_id", &event.session_id)?;
        let key = (org_id, session_id, event.r#type.clone());
        let kept = self.kept.get(&key);
        let kept = kept.filter(|base| base.sequence == patch.base_sequence);
        let data = match kept {
            Some(base) => patch.apply(Some(&base.data))?,
            None => {
                let base = stored_data(store, session_id, patch.base_sequence).await?;
                patch.apply(base.as_deref())?
            }
        };
        let patched = Patched {
            key,
            data: data.as_str().into(),
        };
        event.data_json = data;
        Ok(patched)
    }

    /// Notes that an event has been stored.
    pub(crate) fn stored(&self, patched: Patched, sequence: i64) {
        let Patched { key, data } = patched;
        self.kept.insert(key, Base { sequence, data });
    }
}

/// The data of a stored event, as they came.
async fn stored_data(
    store: &dyn EventStore,
    session_id: SessionId,
    sequence: i64,
) -> HandlerResult<Option<String>> {
    let Some(before) = sequence.checked_sub(1) else {
        return Ok(None);
    };
    let events = store.read(session_id, before, 1).await?;
    let found = events.into_iter().find(|event| event.sequence == sequence);
    Ok(found.map(|event| event.data_json))
}
