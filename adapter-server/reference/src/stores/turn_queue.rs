//! Turns that the storage asks for: a message is stored, and a host runs the turn
//! that answers it.

use crate::context::StoreCtx;
use crate::db::Tx;
use crate::encoding;
use crate::encoding::{nanos, stored_fault};
use crate::stores::event_emitter;
use crate::stores::event_emitter::{Feeds, Stored};
use crate::stores::session_store;
use async_trait::async_trait;
use chrono::Utc;
use everruns_core::events::{EventContext, EventRequest, InputMessageData};
use everruns_core::message::Message;
use everruns_core::typed_id::{MessageId, SessionId};
use mortise_adapter_server::{AppendRequest, TurnQueue};
use mortise_proto::convert::id;
use mortise_proto::convert::turn_queue::TurnRequest;
use mortise_proto::{StoreError, pb};
use std::sync::Arc;
use tokio::sync::watch;

const ASK: &str = "INSERT INTO turn_requests \
        (org_id, session_id, message_id, sequence, requested_at) \
    VALUES ($1, $2, $3, $4, $5)";

const WAITING: &str = "SELECT session_id, message_id, sequence, requested_at \
    FROM turn_requests WHERE org_id = $1 ORDER BY requested_at, sequence LIMIT $2";

const TAKE: &str = "DELETE FROM turn_requests \
                    WHERE org_id = $1 AND session_id = $2 AND message_id = $3";

const TAKE_ALL: &str = "DELETE FROM turn_requests WHERE org_id = $1 AND session_id = $2";

/// The most turn requests that are looked at in one step.
const STEP: i64 = 1024;

/// Wakes those who wait for turn requests.
#[derive(Debug, Default)]
pub(crate) struct TurnBell {
    rung: watch::Sender<u64>,
}

/// A message that was delivered in a transaction.
#[must_use = "announce it once the transaction is committed"]
pub(crate) struct Delivered {
    stored: Stored,
}

// === delivering ===

/// Stores what a user says in a session, after the events given, makes the session
/// active and asks for the turn that answers it.
pub(crate) async fn deliver(
    tx: &mut Tx,
    session_id: SessionId,
    message: Message,
    before: Vec<AppendRequest>,
) -> Result<Delivered, StoreError> {
    session_store::update(tx, session_id, |session, _| {
        session.set_status(pb::SessionStatus::Active);
    })
    .await?;
    let message_id = message.id;
    let said = EventRequest::new(
        session_id,
        EventContext::empty(),
        InputMessageData::new(message),
    );
    let mut events = before;
    events.push(AppendRequest {
        // The change that delivers it is remembered as a whole.
        request_id: String::new(),
        event: pb::NewEvent::try_from(&said)?,
        proposed_id: None,
        fence: None,
    });
    let stored = event_emitter::store(tx, events).await?;
    tx.query(ASK)
        .bind(session_id.to_string())
        .bind(message_id.to_string())
        .bind(stored.last_sequence())
        .bind(nanos(Utc::now()))
        .execute()
        .await?;
    Ok(Delivered { stored })
}

/// Takes back every turn that is asked for in a session.
pub(crate) async fn take_all(tx: &mut Tx, session_id: SessionId) -> Result<(), StoreError> {
    let take = tx.query(TAKE_ALL).bind(session_id.to_string());
    take.execute().await?;
    Ok(())
}

/// Tells those who follow of what was delivered. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Announcer {
    pub(crate) feeds: Arc<Feeds>,
    pub(crate) bell: Arc<TurnBell>,
}

// === impl Announcer ===

impl Announcer {
    /// Announces what was delivered, once it is committed.
    pub(crate) fn announce(&self, delivered: Delivered) {
        delivered.stored.pass_on(&self.feeds);
        self.bell.rung.send_modify(|rings| *rings += 1);
    }
}

// === taking ===

/// The turns that are asked for in an org.
#[derive(Debug)]
pub(crate) struct Turns {
    pub(crate) ctx: StoreCtx,
    pub(crate) bell: Arc<TurnBell>,
}

#[async_trait]
impl TurnQueue for Turns {
    async fn waiting(&self) -> Result<Vec<TurnRequest>, StoreError> {
        let mut tx = self.ctx.reader().await?;
        let rows: Vec<_> = tx.query_as(WAITING).bind(STEP).fetch_all().await?;
        rows.into_iter().map(turn_request).collect()
    }

    fn subscribe(&self) -> watch::Receiver<u64> {
        self.bell.rung.subscribe()
    }

    async fn take(
        &self,
        session_id: SessionId,
        input_message_id: MessageId,
    ) -> Result<bool, StoreError> {
        let take = self.ctx.run_once(async |tx| {
            let take = tx.query(TAKE).bind(session_id.to_string());
            let taken = take.bind(input_message_id.to_string()).execute().await?;
            Ok(pb::TakeTurnRequestResponse { taken: taken > 0 })
        });
        Ok(take.await?.taken)
    }
}

fn turn_request(
    (session_id, message_id, sequence, requested_at): (String, String, i64, i64),
) -> Result<TurnRequest, StoreError> {
    Ok(TurnRequest {
        session_id: id("session_id", &session_id).map_err(stored_fault)?,
        input_message_id: id("message_id", &message_id).map_err(stored_fault)?,
        sequence,
        requested_at: encoding::time(requested_at),
    })
}
