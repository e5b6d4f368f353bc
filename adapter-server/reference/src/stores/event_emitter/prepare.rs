//! An event, checked and made ready to be written. Does no I/O.

use crate::encoding::nanos;
use crate::packing::Packed;
use crate::stores::message_retriever::of_event::{Left, message_of_event};
use crate::stores::message_retriever::query::{search_text, text_key};
use bytes::Bytes;
use everruns_core::events::EventContext;
use everruns_core::typed_id::{EventId, SessionId};
use mortise_adapter_server::{AppendRequest, SessionFence};
use mortise_proto::convert::event_emitter::is_ephemeral;
use mortise_proto::convert::open_value::OpenValues;
use mortise_proto::convert::session_lease::is_turn_event;
use mortise_proto::convert::{id, nested, timestamp};
use mortise_proto::{StoreError, pb};
use prost::Message;

/// An event on its way into the database.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) org_id: i64,
    /// Empty: the acknowledgement is not remembered.
    pub(super) request_id: String,
    pub(super) session: SessionId,
    /// The same, as it is stored.
    pub(super) session_id: String,
    pub(super) event_id: EventId,
    /// The caller chose the id, so it may be taken.
    pub(super) is_proposed: bool,
    /// The request id is the event's own: what is stored under it is its answer.
    pub(super) is_own_key: bool,
    pub(super) is_ephemeral: bool,
    pub(super) fence: Option<SessionFence>,
    /// The session of the fence, as it is stored.
    pub(super) fence_session_id: Option<String>,
    /// It is an event of a turn that has not the fence of its own session: refused while
    /// the session is leased.
    pub(super) needs_lease: bool,
    pub(super) event: pb::NewEvent,
    /// As it came; empty for an ephemeral event.
    pub(super) body: Bytes,
    /// As it is stored; `None`: as it came.
    pub(super) packed: Option<Packed>,
    pub(super) message: Option<MessageRow>,
}

/// The message that the event leaves behind, as a row.
#[derive(Debug)]
pub(super) struct MessageRow {
    pub(super) id: String,
    pub(super) tool_name: Option<String>,
    pub(super) created_at: i64,
    pub(super) search: String,
    pub(super) body: Vec<u8>,
}

// === impl Entry ===

impl Entry {
    /// The sessions that decide what becomes of it: its own, and that of its fence.
    pub(super) fn sessions(&self) -> impl Iterator<Item = &str> {
        let of_fence = self.fence_session_id.as_deref();
        std::iter::once(self.session_id.as_str()).chain(of_fence)
    }

    /// About how much memory and database it takes.
    pub(super) fn bytes(&self) -> usize {
        let message = self.message.as_ref();
        let packed = self.packed.as_ref();
        let body = packed.map_or(self.body.len(), |packed| packed.frame.len());
        body + message.map_or(0, |message| message.body.len())
    }
}

pub(super) fn prepare(org_id: i64, appended: AppendRequest) -> Result<Entry, StoreError> {
    let AppendRequest {
        request_id,
        event,
        proposed_id,
        fence,
    } = appended;
    if event.r#type.is_empty() {
        return Err(StoreError::invalid_field(
            "event.type",
            "is empty; send a dotted type, such as turn.started",
        ));
    }
    if event.r#type.contains('\0') {
        return Err(StoreError::invalid_field(
            "event.type",
            "holds a NUL character; send a dotted type, such as turn.started",
        ));
    }
    let ts = timestamp("event.ts", event.ts)?;
    let session_id: SessionId = id("event.session_id", &event.session_id)?;
    nested::<_, EventContext>("event.context", event.context.clone())?;
    // What others make of the events they send has been checked where it came in; what this
    // side makes itself has not.
    let checked = event.check_values();
    checked.map_err(|error| error.within("event"))?;
    let event_id = proposed_id.unwrap_or_default();
    let left = message_of_event(event_id, &event.r#type, ts, &event.data_json)?;
    let is_ephemeral = is_ephemeral(&event.r#type);
    let has_own = fence.is_some_and(|fence| fence.session_id == session_id);
    let own_key = proposed_id.map(|id| id.uuid().to_string());
    Ok(Entry {
        org_id,
        is_own_key: own_key.is_some_and(|key| key == request_id),
        request_id,
        session: session_id,
        session_id: session_id.to_string(),
        event_id,
        is_proposed: proposed_id.is_some(),
        is_ephemeral,
        fence,
        fence_session_id: fence.map(|fence| fence.session_id.to_string()),
        needs_lease: !has_own && is_turn_event(&event),
        body: if is_ephemeral {
            Bytes::new()
        } else {
            event.encode_to_vec().into()
        },
        packed: None,
        message: left.map(MessageRow::from),
        event,
    })
}

impl From<Left> for MessageRow {
    fn from(Left { message, tool_name }: Left) -> Self {
        Self {
            id: message.id.to_string(),
            tool_name: tool_name.map(|name| text_key(&name)),
            created_at: nanos(message.created_at),
            search: search_text(&message),
            body: pb::Message::from(message).encode_to_vec(),
        }
    }
}
