//! One group of events, written in one transaction. Each event is decided on its
//! own, before anything is written: a bad one does not keep the others out.

use crate::db;
use crate::db::AnyConnection;
use crate::db::batch::lookup;
use crate::db::encoding::decoded;
use crate::db::errors::{refused, session_archived, session_not_found};
use crate::db::locks;
use crate::db::{Db, corrupt_row};
use crate::idempotency::Pruning;
use crate::seal::KeyRing;
use crate::stores::budget_checker::Spending;
use crate::stores::event_emitter::prepare::Entry;
use crate::stores::event_emitter::rows::Rows;
use everruns_core::events::LLM_GENERATION;
use mortise_adapter_server::AppendAck;
use mortise_adapter_server::reused;
use mortise_proto::convert::id;
use mortise_proto::error::Outcome;
use mortise_proto::rpc::table::event_emitter_service::EMIT;
use mortise_proto::{StoreError, pb};
use prost::Message;
use std::collections::{BTreeSet, HashMap, HashSet};

const REPLIES: (&str, &str) = (
    "SELECT request_id, method, body FROM replies \
     WHERE org_id = $1 AND request_id",
    "",
);

const SEQUENCES: (&str, &str) = (
    "SELECT s.id, COALESCE(q.last_sequence, 0), i.archived_at FROM sessions s \
     LEFT JOIN session_sequences q \
     ON q.org_id = s.org_id AND q.session_id = s.id \
     LEFT JOIN session_index i \
     ON i.org_id = s.org_id AND i.session_id = s.id \
     WHERE s.org_id = $1 AND s.id",
    "",
);

const EVENT_IDS: (&str, &str) = ("SELECT id FROM events WHERE org_id = $1 AND id", "");

const MESSAGE_IDS: (&str, &str) = (
    "SELECT session_id, message_id FROM messages \
     WHERE org_id = $1 AND message_id",
    "",
);

/// What became of an event that was accepted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Accepted {
    pub(super) acknowledged: AppendAck,
    /// Not the repetition of one that was accepted before.
    pub(super) is_new: bool,
}

/// What one org has that events may collide with or depend on. Kept up while the
/// group is decided, as if each event were written at once.
#[derive(Debug, Default)]
struct Known {
    replies: HashMap<String, (String, Vec<u8>)>,
    /// By session, with its last sequence number.
    sequences: HashMap<String, i64>,
    archived: HashSet<String>,
    event_ids: HashSet<String>,
    /// By session and message.
    message_ids: HashSet<(String, String)>,
}

/// Writes a group. An error of the whole means that none of it is acknowledged.
pub(super) async fn write(
    db: &Db,
    key: Option<&KeyRing>,
    pruning: &Pruning,
    entries: &[Entry],
) -> Result<Vec<Result<Accepted, StoreError>>, StoreError> {
    let mut tx = db.write().await?;
    let not_applied = |error: StoreError| error.outcome(Outcome::NotApplied);
    let written = apply(&mut tx, entries, pruning.now())
        .await
        .map_err(not_applied)?;
    let spending = written.spending(entries);
    spending.spend(&mut tx, key).await.map_err(not_applied)?;
    pruning
        .written(&mut tx, written.replies)
        .await
        .map_err(not_applied)?;
    if written.is_changed {
        db::commit(tx).await?;
    }
    Ok(written.answers)
}

/// What a transaction has written.
pub(super) struct Written {
    pub(super) answers: Vec<Result<Accepted, StoreError>>,
    replies: u32,
    is_changed: bool,
}

/// Writes events in a transaction; their answers are marked with a time of [`Pruning`].
pub(super) async fn apply(
    tx: &mut AnyConnection,
    entries: &[Entry],
    answered_at: i64,
) -> Result<Written, StoreError> {
    let mut known = HashMap::new();
    let orgs: BTreeSet<i64> = entries.iter().map(|entry| entry.org_id).collect();
    for org_id in orgs {
        known.insert(org_id, Known::read(tx, org_id, entries).await?);
    }
    let mut rows = Rows::default();
    let answers = entries
        .iter()
        .map(|entry| {
            known
                .entry(entry.org_id)
                .or_default()
                .decide(entry, &mut rows)
        })
        .collect();
    rows.insert(tx, answered_at).await?;
    Ok(Written {
        answers,
        replies: rows.replies(),
        is_changed: !rows.is_empty(),
    })
}

// === impl Written ===

impl Written {
    /// What models took, of the events that are new.
    fn spending(&self, entries: &[Entry]) -> Spending {
        let mut spending = Spending::default();
        for (entry, answer) in entries.iter().zip(&self.answers) {
            let Entry {
                event, session_id, ..
            } = entry;
            if event.r#type == LLM_GENERATION && answer.as_ref().is_ok_and(|answer| answer.is_new) {
                spending.count(entry.org_id, session_id, &event.data_json);
            }
        }
        spending
    }
}

// === impl Known ===

impl Known {
    async fn read(
        tx: &mut AnyConnection,
        org_id: i64,
        entries: &[Entry],
    ) -> Result<Self, StoreError> {
        let entries = || entries.iter().filter(|entry| entry.org_id == org_id);
        let sessions = distinct(entries().map(|entry| entry.session_id.as_str()));
        // Before anything is read: what is read then holds until the commit.
        locks::sessions(tx, org_id, &sessions).await?;
        let request_ids = distinct(entries().map(|entry| entry.request_id.as_str()));
        let replies: Vec<(String, String, Vec<u8>)> =
            lookup(tx, REPLIES, org_id, &request_ids).await?;
        let sequences: Vec<(String, i64, Option<i64>)> =
            lookup(tx, SEQUENCES, org_id, &sessions).await?;
        let proposed: Vec<String> = entries()
            .filter(|entry| entry.is_proposed)
            .map(|entry| entry.event_id.to_string())
            .collect();
        let proposed: Vec<&str> = proposed.iter().map(String::as_str).collect();
        let event_ids: Vec<(String,)> = lookup(tx, EVENT_IDS, org_id, &proposed).await?;
        let messages = entries().filter_map(|entry| entry.message.as_ref());
        let messages = distinct(messages.map(|message| message.id.as_str()));
        let message_ids: Vec<(String, String)> = lookup(tx, MESSAGE_IDS, org_id, &messages).await?;
        Ok(Self {
            replies: replies
                .into_iter()
                .map(|(request_id, method, body)| (request_id, (method, body)))
                .collect(),
            archived: sequences
                .iter()
                .filter(|(_, _, archived_at)| archived_at.is_some())
                .map(|(id, ..)| id.clone())
                .collect(),
            sequences: sequences
                .into_iter()
                .map(|(id, last_sequence, _)| (id, last_sequence))
                .collect(),
            event_ids: event_ids.into_iter().map(|(id,)| id).collect(),
            message_ids: message_ids.into_iter().collect(),
        })
    }

    /// What becomes of an event; adds to `rows` what it writes.
    fn decide<'a>(
        &mut self,
        entry: &'a Entry,
        rows: &mut Rows<'a>,
    ) -> Result<Accepted, StoreError> {
        if let Some(acknowledged) = self.remembered(entry)? {
            return Ok(Accepted {
                acknowledged,
                is_new: false,
            });
        }
        let Some(last_sequence) = self.sequences.get_mut(&entry.session_id) else {
            return Err(session_not_found(entry.session));
        };
        if self.archived.contains(&entry.session_id) {
            return Err(session_archived(entry.session));
        }
        if entry.is_ephemeral {
            return Ok(entry.passed());
        }
        let event_id = entry.event_id.to_string();
        if entry.is_proposed && self.event_ids.contains(&event_id) {
            return Err(StoreError::invalid_field(
                "proposed_event_id",
                format!("{event_id} is the id of another event; create a new id"),
            ));
        }
        if let Some(message) = &entry.message {
            let message_id = (entry.session_id.clone(), message.id.clone());
            if !self.message_ids.insert(message_id) {
                return Err(refused(format!("message already exists: {}", message.id)));
            }
        }
        *last_sequence += 1;
        let sequence = *last_sequence;
        let answer = pb::EmitResponse {
            event_id: event_id.clone(),
            sequence,
        };
        self.event_ids.insert(event_id);
        if !entry.request_id.is_empty() {
            let body = answer.encode_to_vec();
            let reply = (EMIT.method.short_name().to_string(), body.clone());
            self.replies.insert(entry.request_id.clone(), reply);
            rows.remember(entry, body);
        }
        rows.add(entry, sequence);
        Ok(Accepted {
            acknowledged: AppendAck {
                event_id: entry.event_id,
                sequence,
            },
            is_new: true,
        })
    }

    fn remembered(&self, entry: &Entry) -> Result<Option<AppendAck>, StoreError> {
        // An empty id is none, and is never among the replies.
        let Some((method, body)) = self.replies.get(&entry.request_id) else {
            return Ok(None);
        };
        if method != EMIT.method.short_name() {
            return Err(reused(&entry.request_id, method));
        }
        let answer: pb::EmitResponse = decoded(body)?;
        let event_id = id("event_id", &answer.event_id);
        Ok(Some(AppendAck {
            event_id: event_id.map_err(|fault| corrupt_row(&fault.to_string()))?,
            sequence: answer.sequence,
        }))
    }
}

fn distinct<'a>(keys: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = HashSet::new();
    keys.filter(|key| !key.is_empty() && seen.insert(*key))
        .collect()
}
