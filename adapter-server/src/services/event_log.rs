//! `EventLogService` over the source's event store.

use crate::chunks::chunks;
use crate::serve::{Call, HandlerResult, not_offered};
use crate::{EventStore, SessionFeed, Subscription};
use everruns_core::typed_id::SessionId;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use mortise_proto::convert::id;
use mortise_proto::rpc::table::event_log_service::NAME;
use mortise_proto::{StoreError, pb};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Events read in one step.
const PAGE: u32 = 128;

/// How long what another server process stored may stay unseen: it is not in this
/// one's live feed.
const LOOK_EVERY: Duration = Duration::from_secs(1);

pub(super) async fn read_events(
    call: Call<pb::ReadEventsRequest>,
) -> HandlerResult<impl Stream<Item = HandlerResult<pb::ReadEventsResponse>> + Send + 'static> {
    let place = Place {
        store: stored(&call)?,
        session_id: id("session_id", &call.request.session_id)?,
        after: call.request.after_sequence,
    };
    let limit = match call.request.limit {
        0 => u64::MAX,
        limit => limit,
    };
    let pages = stream::try_unfold((place, limit), |(mut place, left)| async move {
        let page = u32::try_from(left).unwrap_or(u32::MAX).min(PAGE);
        let events = place.read(page).await?;
        let left = left - events.len() as u64;
        Ok::<_, StoreError>((!events.is_empty()).then_some((events, (place, left))))
    });
    // A page may hold large events: it is cut by bytes as it is sent.
    let cut = |events| chunks::<pb::Event, _>(events).map(Ok);
    Ok(pages
        .map_ok(cut)
        .try_flatten()
        .map_ok(|events| pb::ReadEventsResponse { events }))
}

pub(super) async fn follow_events(
    call: Call<pb::FollowEventsRequest>,
) -> HandlerResult<impl Stream<Item = HandlerResult<pb::FollowEventsResponse>> + Send + 'static> {
    let store = stored(&call)?;
    let session_id = id("session_id", &call.request.session_id)?;
    // Before the first read, so that nothing falls between the two.
    let Subscription { live, feed } = store.subscribe(session_id);
    let feed = Feed {
        live,
        shared: feed,
        place: Place {
            store,
            session_id,
            after: call.request.after_sequence,
        },
        ready: VecDeque::new(),
        caught_up: false,
        closing: call.closing,
    };
    Ok(feed.into_stream().map(|event| {
        let event = Some(event?);
        Ok(pb::FollowEventsResponse { event })
    }))
}

fn stored<Req>(call: &Call<Req>) -> HandlerResult<Arc<dyn EventStore>> {
    let store = call.adapter.event_store(&call.scope);
    store.ok_or_else(|| not_offered(NAME))
}

/// A place in a session's stored events.
struct Place {
    store: Arc<dyn EventStore>,
    session_id: SessionId,
    after: i64,
}

impl Place {
    /// The next stored events, at most `limit`; none at the end.
    async fn read(&mut self, limit: u32) -> HandlerResult<Vec<pb::Event>> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let events = self.store.read(self.session_id, self.after, limit).await?;
        if let Some(last) = events.last() {
            self.after = last.sequence;
        }
        Ok(events)
    }
}

/// Stored events until they are exhausted, then live ones; stored ones again
/// whenever the live feed has dropped some.
struct Feed {
    live: Receiver<Arc<pb::Event>>,
    shared: SessionFeed,
    place: Place,
    ready: VecDeque<pb::Event>,
    caught_up: bool,
    closing: CancellationToken,
}

impl Feed {
    fn into_stream(self) -> impl Stream<Item = HandlerResult<pb::Event>> + Send {
        stream::unfold(Some(self), |feed| async move {
            let mut feed = feed?;
            match feed.next().await {
                Ok(event) => Some((Ok(event), Some(feed))),
                Err(error) => Some((Err(error), None)),
            }
        })
    }

    async fn next(&mut self) -> HandlerResult<pb::Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(event);
            }
            if !self.caught_up {
                self.ready = self.place.read(PAGE).await?.into();
                self.caught_up = self.ready.is_empty();
                self.shared.found(self.ready.make_contiguous());
                continue;
            }
            let event = tokio::select! {
                event = timeout(LOOK_EVERY, self.live.recv()) => event,
                () = self.closing.cancelled() => return Err(stopping()),
            };
            let Ok(event) = event else {
                self.caught_up = !self.shared.is_to_look(self.place.after, LOOK_EVERY);
                continue;
            };
            match event {
                Ok(event) if event.sequence == 0 => return Ok((*event).clone()),
                Ok(event) if event.sequence <= self.place.after => {}
                Ok(event) if event.sequence == self.place.after + 1 => {
                    self.place.after = event.sequence;
                    return Ok((*event).clone());
                }
                // A gap: another writer, or events that this receiver missed.
                Ok(_) | Err(RecvError::Lagged(_)) => self.caught_up = false,
                Err(RecvError::Closed) => return Err(stopping()),
            }
        }
    }
}

fn stopping() -> StoreError {
    StoreError::new(
        pb::ErrorReason::Unavailable,
        "the server is stopping; follow again from the last sequence number seen",
    )
}
