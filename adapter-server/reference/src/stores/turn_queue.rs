//! Turns that the storage asks for: a message is stored, and a host runs the turn
//! that answers it.

use crate::db::AnyConnection;
use crate::db::encoding;
use crate::db::encoding::nanos;
use crate::db::{corrupt_row, db_error};
use crate::reference::ScopedReference;
use crate::seal::KeyRing;
use crate::stores::event_emitter;
use crate::stores::event_emitter::Stored;
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
    tx: &mut AnyConnection,
    org_id: i64,
    key: Option<&KeyRing>,
    session_id: SessionId,
    message: Message,
    before: Vec<AppendRequest>,
) -> Result<Delivered, StoreError> {
    session_store::update(tx, org_id, key, session_id, |session, _| {
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
    let stored = event_emitter::store(tx, org_id, events).await?;
    sqlx::query(ASK)
        .bind(org_id)
        .bind(session_id.to_string())
        .bind(message_id.to_string())
        .bind(stored.last_sequence())
        .bind(nanos(Utc::now()))
        .execute(tx)
        .await
        .map_err(db_error)?;
    Ok(Delivered { stored })
}

/// Takes back every turn that is asked for in a session.
pub(crate) async fn take_all(
    tx: &mut AnyConnection,
    org_id: i64,
    session_id: SessionId,
) -> Result<(), StoreError> {
    let taken = sqlx::query(TAKE_ALL)
        .bind(org_id)
        .bind(session_id.to_string())
        .execute(tx)
        .await;
    taken.map(|_| ()).map_err(db_error)
}

impl ScopedReference {
    /// Tells those who follow of what was delivered, once it is committed.
    pub(crate) fn announce(&self, delivered: Delivered) {
        self.inner.announce(delivered);
    }
}

impl crate::reference::Inner {
    /// Tells those who follow of what was delivered, once it is committed.
    pub(crate) fn announce(&self, delivered: Delivered) {
        delivered.stored.pass_on(&self.feeds);
        self.turn_bell.rung.send_modify(|rings| *rings += 1);
    }
}

// === taking ===

#[async_trait]
impl TurnQueue for ScopedReference {
    async fn waiting(&self) -> Result<Vec<TurnRequest>, StoreError> {
        let mut conn = self.inner.db.reader().await?;
        let rows: Vec<(String, String, i64, i64)> = sqlx::query_as(WAITING)
            .bind(self.scope.org_id)
            .bind(STEP)
            .fetch_all(&mut *conn)
            .await
            .map_err(db_error)?;
        rows.into_iter().map(turn_request).collect()
    }

    fn subscribe(&self) -> watch::Receiver<u64> {
        self.inner.turn_bell.rung.subscribe()
    }

    async fn take(
        &self,
        session_id: SessionId,
        input_message_id: MessageId,
    ) -> Result<bool, StoreError> {
        let answer = self
            .run_once(async |tx| {
                let taken = sqlx::query(TAKE)
                    .bind(self.scope.org_id)
                    .bind(session_id.to_string())
                    .bind(input_message_id.to_string())
                    .execute(tx)
                    .await
                    .map_err(db_error)?;
                Ok(pb::TakeTurnRequestResponse {
                    taken: taken.rows_affected() > 0,
                })
            })
            .await?;
        Ok(answer.taken)
    }
}

fn turn_request(
    (session_id, message_id, sequence, requested_at): (String, String, i64, i64),
) -> Result<TurnRequest, StoreError> {
    let stored = |fault: mortise_proto::convert::ConvertError| corrupt_row(&fault.to_string());
    Ok(TurnRequest {
        session_id: id("session_id", &session_id).map_err(stored)?,
        input_message_id: id("message_id", &message_id).map_err(stored)?,
        sequence,
        requested_at: encoding::time(requested_at),
    })
}
