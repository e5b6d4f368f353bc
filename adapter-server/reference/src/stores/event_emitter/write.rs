//! One group of events, written in one transaction, org by org. Each event is decided on
//! its own, before anything is written: a bad one does not keep the others out.

use crate::db::batch::lookup;
use crate::db::errors::{refused, session_archived, session_not_found};
use crate::db::locks;
use crate::db::{AllOrgs, Db, Tx};
use crate::encoding::{corrupt_row, decoded};
use crate::fences::{LeaseClock, LeaseRow};
use crate::idempotency::Pruning;
use crate::packing::Packed;
use crate::stores::budget_checker::Spending;
use crate::stores::event_emitter::parts::{Failed, Parts};
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
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

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

const LEASES: (&str, &str) = (
    "SELECT session_id, fence, ends_at, time_left_max, holder, address FROM session_leases \
     WHERE org_id = $1 AND session_id",
    "",
);

const EVENT_IDS: (&str, &str) = (
    "SELECT id, session_id, sequence FROM events WHERE org_id = $1 AND id",
    "",
);

const MESSAGE_IDS: (&str, &str) = (
    "SELECT session_id, message_id FROM messages \
     WHERE org_id = $1 AND message_id",
    "",
);

type LeaseOf = (String, i64, i64, i64, String, String);

/// What became of an event that was accepted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Accepted {
    pub(super) acknowledged: AppendAck,
    /// Not the repetition of one that was accepted before.
    pub(super) is_new: bool,
    /// Its body is stored packed, as the entry has it.
    pub(super) is_packed: bool,
}

/// What one org has that events may collide with or depend on. Kept up while the
/// group is decided, as if each event were written at once.
#[derive(Debug, Default)]
struct Known {
    replies: HashMap<String, (String, Vec<u8>)>,
    /// By session, with its last sequence number.
    sequences: HashMap<String, i64>,
    archived: HashSet<String>,
    /// By session, its last lease and what is left of it.
    leases: HashMap<String, (LeaseRow, Option<Duration>)>,
    /// With the session and the sequence number of the event.
    event_ids: HashMap<String, (String, i64)>,
    /// By session and message.
    message_ids: HashSet<(String, String)>,
}

/// What is decided of one org's events, and then written.
#[derive(Debug, Default)]
pub(super) struct Decided<'a> {
    known: Known,
    rows: Rows<'a>,
    spending: Spending,
}

/// What a group is written with.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) db: Arc<Db>,
    pub(super) pruning: Arc<Pruning>,
    pub(super) leases: Arc<LeaseClock>,
}

// === impl Writer ===

impl Writer {
    /// Writes a group with one commit; in parts, if the database refuses that.
    pub(super) async fn write(&self, entries: &[Entry]) -> Vec<Result<Accepted, StoreError>> {
        let session = |entry: &Entry| (entry.org_id, entry.session);
        let mut parts = Parts::new(entries.iter().map(session).collect());
        while let Some(part) = parts.next() {
            let of_part: Vec<&Entry> = part.iter().filter_map(|at| entries.get(*at)).collect();
            match self.write_part(&of_part).await {
                Ok(answers) => parts.written(&part, answers),
                Err(failed) => parts.failed(part, failed),
            }
        }
        parts.into_answers()
    }

    /// An error means that none of it is acknowledged.
    async fn write_part(
        &self,
        entries: &[&Entry],
    ) -> Result<Vec<Result<Accepted, StoreError>>, Failed> {
        // Events of several orgs share a commit.
        let mut all = self.db.write_all_orgs().await.map_err(Failed::Away)?;
        match self.write_all(&mut all, entries).await {
            Ok((answers, is_changed)) => {
                if is_changed {
                    all.commit().await.map_err(Failed::Away)?;
                }
                Ok(answers)
            }
            Err(error) => {
                let error = error.outcome(Outcome::NotApplied);
                Err(match all.takes_others() {
                    true => Failed::Refused(error),
                    false => Failed::Away(error),
                })
            }
        }
    }

    /// Says as well whether anything was written.
    async fn write_all<'a>(
        &self,
        all: &mut AllOrgs,
        entries: &[&'a Entry],
    ) -> Result<(Vec<Result<Accepted, StoreError>>, bool), StoreError> {
        let mut orgs: BTreeMap<i64, Decided<'_>> = BTreeMap::new();
        // In the order of the orgs: two groups never wait for each other in a circle.
        let ids: BTreeSet<i64> = entries.iter().map(|entry| entry.org_id).collect();
        for org_id in ids {
            let own = entries.iter().filter(|entry| entry.org_id == org_id);
            let own: Vec<&Entry> = own.copied().collect();
            let tx = all.for_org(org_id);
            let mut decided = Decided::begin(tx, &own).await?;
            decided.known.read_leases(tx, &self.leases, &own).await?;
            orgs.insert(org_id, decided);
        }
        let decide = |entry: &&'a Entry| orgs.entry(entry.org_id).or_default().decide(entry);
        let answers = entries.iter().map(decide).collect();
        let answered_at = self.pruning.now();
        let (mut replies, mut is_changed) = (0_u32, false);
        for (org_id, decided) in orgs {
            replies = replies.saturating_add(decided.rows.replies());
            is_changed |= !decided.rows.is_empty();
            decided.write(all.for_org(org_id), answered_at).await?;
        }
        self.pruning.written(all, replies).await?;
        Ok((answers, is_changed))
    }
}

// === impl Decided ===

impl<'a> Decided<'a> {
    /// Locks the sessions of these events and reads what they may collide with.
    pub(super) async fn begin(tx: &mut Tx, entries: &[&Entry]) -> Result<Self, StoreError> {
        Ok(Self {
            known: Known::read(tx, entries).await?,
            ..Self::default()
        })
    }

    /// What becomes of an event.
    pub(super) fn decide(&mut self, entry: &'a Entry) -> Result<Accepted, StoreError> {
        let accepted = self.known.decide(entry, &mut self.rows)?;
        let event = &entry.event;
        if accepted.is_new && event.r#type == LLM_GENERATION {
            self.spending.count(&entry.session_id, &event.data_json);
        }
        Ok(accepted)
    }

    /// Writes the events that were accepted, and takes what they cost from the budgets.
    /// Answers are marked with a time of [`Pruning`].
    pub(super) async fn write(self, tx: &mut Tx, answered_at: i64) -> Result<(), StoreError> {
        self.rows.insert(tx, answered_at).await?;
        self.spending.spend(tx).await
    }
}

// === impl Known ===

impl Known {
    async fn read(tx: &mut Tx, entries: &[&Entry]) -> Result<Self, StoreError> {
        let entries = || entries.iter();
        let sessions = distinct(entries().flat_map(|entry| entry.sessions()));
        // Before anything is read: what is read then holds until the commit.
        locks::sessions(tx, &sessions).await?;
        let request_ids = distinct(entries().map(|entry| entry.request_id.as_str()));
        let replies: Vec<(String, String, Vec<u8>)> = lookup(tx, REPLIES, &request_ids).await?;
        let sequences: Vec<(String, i64, Option<i64>)> = lookup(tx, SEQUENCES, &sessions).await?;
        let proposed: Vec<String> = entries()
            .filter(|entry| entry.is_proposed)
            .map(|entry| entry.event_id.to_string())
            .collect();
        let bases = entries().filter_map(|entry| entry.packed.as_ref()?.base());
        let wanted = proposed.iter().map(String::as_str);
        let wanted = distinct(wanted.chain(bases.map(|(_, id)| id)));
        let event_ids: Vec<(String, String, i64)> = lookup(tx, EVENT_IDS, &wanted).await?;
        let messages = entries().filter_map(|entry| entry.message.as_ref());
        let messages = distinct(messages.map(|message| message.id.as_str()));
        let message_ids: Vec<(String, String)> = lookup(tx, MESSAGE_IDS, &messages).await?;
        Ok(Self {
            replies: replies
                .into_iter()
                .map(|(request_id, method, body)| (request_id, (method, body)))
                .collect(),
            leases: HashMap::new(),
            archived: sequences
                .iter()
                .filter(|(_, _, archived_at)| archived_at.is_some())
                .map(|(id, ..)| id.clone())
                .collect(),
            sequences: sequences
                .into_iter()
                .map(|(id, last_sequence, _)| (id, last_sequence))
                .collect(),
            event_ids: event_ids
                .into_iter()
                .map(|(id, session_id, sequence)| (id, (session_id, sequence)))
                .collect(),
            message_ids: message_ids.into_iter().collect(),
        })
    }

    /// Reads the leases that decide about these events. Their sessions are locked, and a
    /// grant locks its session too.
    async fn read_leases(
        &mut self,
        tx: &mut Tx,
        leases: &LeaseClock,
        entries: &[&Entry],
    ) -> Result<(), StoreError> {
        let decided = entries
            .iter()
            .filter(|entry| entry.fence.is_some() || entry.needs_lease);
        let sessions = distinct(decided.flat_map(|entry| entry.sessions()));
        let rows: Vec<LeaseOf> = lookup(tx, LEASES, &sessions).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let now = leases.now(tx).await?;
        for (session, fence, ends_at, time_left_max, holder, address) in rows {
            let row = LeaseRow::of((fence, ends_at, time_left_max, holder, address));
            let left = leases.time_left(tx.org_id(), &session, &row, now);
            self.leases.insert(session, (row, left));
        }
        Ok(())
    }

    /// Refuses an event under a fence that is not the highest of its session, and one of a
    /// turn without a fence whose session is leased.
    fn check_lease(&self, entry: &Entry) -> Result<(), StoreError> {
        let of = |session: &str| self.leases.get(session);
        let running = |session_id, found: Option<&(LeaseRow, Option<Duration>)>| {
            let (row, left) = found?;
            row.lease(session_id, (*left)?)
        };
        if let Some(own) = entry.fence {
            let found = of(&own.session_id.to_string());
            if !found.is_some_and(|(row, _)| row.is_under(own.fence)) {
                let running = running(own.session_id, found);
                return Err(StoreError::stale_fence(own.session_id, running.as_ref()));
            }
        }
        let other = entry.needs_lease.then(|| of(&entry.session_id)).flatten();
        match running(entry.session, other) {
            Some(lease) => Err(StoreError::lease_needed(&lease)),
            None => Ok(()),
        }
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
                is_packed: false,
            });
        }
        self.check_lease(entry)?;
        let Some(last_sequence) = self.sequences.get_mut(&entry.session_id) else {
            return Err(session_not_found(entry.session));
        };
        if self.archived.contains(&entry.session_id) {
            return Err(session_archived(entry.session));
        }
        if entry.is_ephemeral {
            return Ok(entry.passed());
        }
        // Before its own id is among those that are there: it is no base of itself.
        let packed = packed(&self.event_ids, entry);
        let event_id = entry.event_id.to_string();
        if entry.is_proposed && self.event_ids.contains_key(&event_id) {
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
        let place = (entry.session_id.clone(), sequence);
        self.event_ids.insert(event_id, place);
        if !entry.request_id.is_empty() && !entry.is_own_key {
            let body = answer.encode_to_vec();
            let reply = (EMIT.method.short_name().to_string(), body.clone());
            self.replies.insert(entry.request_id.clone(), reply);
            rows.remember(entry, body);
        }
        rows.add(entry, sequence, packed);
        Ok(Accepted {
            acknowledged: AppendAck {
                event_id: entry.event_id,
                sequence,
            },
            is_new: true,
            is_packed: packed.is_some(),
        })
    }

    /// The answer to an event that is stored already under its own id.
    fn stored_before(&self, entry: &Entry) -> Option<AppendAck> {
        let event_id = entry.is_own_key.then(|| entry.event_id.to_string())?;
        let (_, sequence) = self.event_ids.get(&event_id)?;
        Some(AppendAck {
            event_id: entry.event_id,
            sequence: *sequence,
        })
    }

    fn remembered(&self, entry: &Entry) -> Result<Option<AppendAck>, StoreError> {
        // An empty id is none, and is never among the replies.
        let Some((method, body)) = self.replies.get(&entry.request_id) else {
            return Ok(self.stored_before(entry));
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

/// How the body of an event is packed. Not as the difference to one that is not there, in
/// the place where it was: after a failover or a restore the last events may be gone, and a
/// caller that sends one of them again gives it its id in another place.
fn packed<'a>(event_ids: &HashMap<String, (String, i64)>, entry: &'a Entry) -> Option<&'a Packed> {
    let packed = entry.packed.as_ref()?;
    let is_there = |(base_sequence, id): (i64, &str)| {
        let place = event_ids.get(id);
        place.is_some_and(|(session_id, sequence)| {
            *session_id == entry.session_id && *sequence == base_sequence
        })
    };
    packed.base().is_none_or(is_there).then_some(packed)
}

fn distinct<'a>(keys: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = HashSet::new();
    keys.filter(|key| !key.is_empty() && seen.insert(*key))
        .collect()
}
