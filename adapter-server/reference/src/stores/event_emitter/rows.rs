//! The rows that a group writes.

use crate::db::Tx;
use crate::db::batch::insert;
use crate::packing::Packed;
use crate::stores::event_emitter::prepare::{Entry, MessageRow};
use mortise_proto::StoreError;
use mortise_proto::rpc::table::event_emitter_service::EMIT;
use std::collections::BTreeMap;

const INSERT_EVENTS: (&str, &str) = (
    "INSERT INTO events (org_id, session_id, sequence, id, type, body, full_size, \
     base_sequence, place)",
    "",
);

const INSERT_MESSAGES: (&str, &str) = (
    "INSERT INTO messages (org_id, session_id, sequence, message_id, event_id, \
     event_type, tool_name, created_at, search, body)",
    "",
);

const INSERT_REPLIES: (&str, &str) = (
    "INSERT INTO replies (org_id, request_id, method, created_at, body)",
    "",
);

const SET_SEQUENCES: (&str, &str) = (
    "INSERT INTO session_sequences (org_id, session_id, last_sequence)",
    "ON CONFLICT (org_id, session_id) DO UPDATE SET last_sequence = excluded.last_sequence",
);

/// What is to be written for one org.
#[derive(Debug, Default)]
pub(super) struct Rows<'a> {
    events: Vec<(&'a Entry, i64, Option<&'a Packed>)>,
    messages: Vec<(&'a Entry, i64, &'a MessageRow)>,
    replies: Vec<(&'a Entry, Vec<u8>)>,
    sequences: BTreeMap<&'a str, i64>,
}

// === impl Rows ===

impl<'a> Rows<'a> {
    /// With its body packed so, or as it came.
    pub(super) fn add(&mut self, entry: &'a Entry, sequence: i64, packed: Option<&'a Packed>) {
        self.events.push((entry, sequence, packed));
        if let Some(message) = &entry.message {
            self.messages.push((entry, sequence, message));
        }
        self.sequences.insert(&entry.session_id, sequence);
    }

    /// The answer to be remembered by the entry's request id.
    pub(super) fn remember(&mut self, entry: &'a Entry, body: Vec<u8>) {
        self.replies.push((entry, body));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// How many answers are to be remembered.
    pub(super) fn replies(&self) -> u32 {
        u32::try_from(self.replies.len()).unwrap_or(u32::MAX)
    }

    pub(super) async fn insert(&self, tx: &mut Tx, answered_at: i64) -> Result<(), StoreError> {
        insert(
            tx,
            INSERT_EVENTS,
            8,
            &self.events,
            |to, (entry, sequence, packed)| {
                let body = packed.map_or(&entry.body, |packed| &packed.frame);
                let base = packed.and_then(Packed::base);
                to.bind(entry.session_id.as_str())
                    .bind(*sequence)
                    .bind(entry.event_id.to_string())
                    .bind(entry.event.r#type.as_str())
                    .bind(body.as_ref())
                    .bind(packed.map(Packed::full_size))
                    .bind(base.map(|(sequence, _)| sequence))
                    .bind(packed.map(Packed::place))
            },
        )
        .await?;
        insert(
            tx,
            INSERT_MESSAGES,
            9,
            &self.messages,
            |to, (entry, sequence, message)| {
                to.bind(entry.session_id.as_str())
                    .bind(*sequence)
                    .bind(message.id.as_str())
                    .bind(entry.event_id.to_string())
                    .bind(entry.event.r#type.as_str())
                    .bind(message.tool_name.as_deref())
                    .bind(message.created_at)
                    .bind(message.search.as_str())
                    .bind(message.body.as_slice())
            },
        )
        .await?;
        insert(tx, INSERT_REPLIES, 4, &self.replies, |to, (entry, body)| {
            to.bind(entry.request_id.as_str())
                .bind(EMIT.method.short_name())
                .bind(answered_at)
                .bind(body.as_slice())
        })
        .await?;
        let sequences: Vec<_> = self.sequences.iter().collect();
        insert(tx, SET_SEQUENCES, 2, &sequences, |to, (id, last)| {
            to.bind(**id).bind(**last)
        })
        .await
    }
}
