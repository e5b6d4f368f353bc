//! Storing events, each with the message it leaves behind.
//!
//! ```text
//! append ──► prepare ──► pack ──────► group ──► write ──► feeds
//!            checks,     what large  all that  one       all that
//!            message     ones repeat waits     commit    follow
//! ```
//!
//! A group that the database refuses is written in parts.
//!
//! A commit costs as much for a hundred events as for one, so everything that waits
//! while one commit is under way goes into the next. No call waits for a group to fill.

mod feeds;
mod group;
mod parts;
mod prepare;
mod rows;
mod write;

pub(crate) use feeds::Feeds;
pub(crate) use group::Appender;

use crate::context::{StoreCtx, upstream};
use crate::db::Tx;
use crate::encoding::now;
use crate::packing::Recent;
use crate::stores::event_log;
use async_trait::async_trait;
use everruns_core::AgentLoopError;
use everruns_core::events::{Event, EventRequest};
use everruns_core::traits::EventEmitter;
use everruns_core::typed_id::SessionId;
use mortise_adapter_server::{AppendAck, AppendRequest, EventStore, Subscription};
use mortise_proto::convert::event_emitter::event_from_ack;
use mortise_proto::{StoreError, pb};
use prepare::prepare;
use std::sync::Arc;
use write::Decided;

/// Events stored in the transaction of another change.
#[must_use = "pass them on once the transaction is committed"]
pub(crate) struct Stored {
    entries: Vec<prepare::Entry>,
    answers: Vec<Result<write::Accepted, StoreError>>,
}

// === impl Stored ===

impl Stored {
    /// The sequence number of the last one.
    pub(crate) fn last_sequence(&self) -> i64 {
        let last = self.answers.last().and_then(|answer| answer.as_ref().ok());
        last.map_or(0, |accepted| accepted.acknowledged.sequence)
    }

    /// Passes them on to those who follow.
    pub(crate) fn pass_on(self, feeds: &Feeds) {
        feeds.pass_on(self.entries, &self.answers);
    }
}

/// Stores events in the transaction of another change: all of them or none.
pub(crate) async fn store(tx: &mut Tx, events: Vec<AppendRequest>) -> Result<Stored, StoreError> {
    let entries: Vec<_> = events
        .into_iter()
        .map(|event| prepare(tx.org_id(), event))
        .collect::<Result<_, _>>()?;
    let all: Vec<_> = entries.iter().collect();
    let mut decided = Decided::begin(tx, &all).await?;
    let answers: Vec<_> = all.into_iter().map(|entry| decided.decide(entry)).collect();
    if let Some(Err(error)) = answers.iter().find(|answer| answer.is_err()) {
        return Err(error.clone());
    }
    // The change that they belong to is remembered as a whole: these have no answers.
    decided.write(tx, now()).await?;
    Ok(Stored { entries, answers })
}

/// The events of an org.
#[derive(Debug)]
pub(crate) struct Events {
    pub(crate) ctx: StoreCtx,
    pub(crate) appender: Appender,
    pub(crate) feeds: Arc<Feeds>,
    pub(crate) recent: Arc<Recent>,
    /// Whether an event of a turn needs the lease of its session, if there is one.
    pub(crate) refuse_unfenced_turn_events: bool,
}

// === impl Events ===

impl Events {
    /// Packs what repeats an earlier event of its session.
    async fn pack(&self, entries: &mut [prepare::Entry]) {
        for entry in entries {
            let (session, event_type) = (&entry.session_id, &entry.event.r#type);
            let packed = self
                .recent
                .pack(&self.ctx, session, event_type, &entry.body);
            entry.packed = packed.await;
        }
    }
}

#[async_trait]
impl EventStore for Events {
    async fn append(&self, events: Vec<AppendRequest>) -> Vec<Result<AppendAck, StoreError>> {
        // Checked here, on the caller's task: the group only writes.
        let mut entries = Vec::with_capacity(events.len());
        let slots: Vec<Result<(), StoreError>> = events
            .into_iter()
            .map(|event| prepare(self.ctx.org_id(), event).map(|entry| entries.push(entry)))
            .collect();
        for entry in &mut entries {
            entry.needs_lease &= self.refuse_unfenced_turn_events;
        }
        self.pack(&mut entries).await;
        let mut answers = self.appender.append(entries).await.into_iter();
        slots
            .into_iter()
            .map(|slot| slot.and_then(|()| answers.next().unwrap_or_else(|| Err(group::stopped()))))
            .collect()
    }

    async fn read(
        &self,
        session_id: SessionId,
        after_sequence: i64,
        limit: u32,
    ) -> Result<Vec<pb::Event>, StoreError> {
        let mut tx = self.ctx.reader().await?;
        event_log::read(&mut tx, session_id, after_sequence, limit).await
    }

    fn subscribe(&self, session_id: SessionId) -> Subscription {
        self.feeds.subscribe(self.ctx.org_id(), session_id)
    }
}

#[async_trait]
impl EventEmitter for Events {
    async fn emit(&self, request: EventRequest) -> Result<Event, AgentLoopError> {
        upstream(async {
            let appended = AppendRequest {
                request_id: self.ctx.scope().request_id.clone().unwrap_or_default(),
                event: pb::NewEvent::try_from(&request)?,
                proposed_id: None,
                fence: self.ctx.scope().fence,
            };
            let answer = self.append(vec![appended]).await.pop();
            let answer = answer.unwrap_or_else(|| Err(group::stopped()))?;
            Ok(event_from_ack(request, answer.event_id, answer.sequence)?)
        })
        .await
    }
}
