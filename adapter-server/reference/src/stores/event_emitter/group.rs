//! The task that takes all that waits and writes it with one commit. Where more waits than
//! a group holds, the orgs take turns, and the sessions of an org.

use crate::db::{Db, Lane, Lanes, unavailable};
use crate::fences::LeaseClock;
use crate::idempotency::Pruning;
use crate::packing::{Recent, Stored};
use crate::stores::event_emitter::feeds::Feeds;
use crate::stores::event_emitter::prepare::Entry;
use crate::stores::event_emitter::write::{Accepted, Writer};
use mortise_adapter_server::{AppendAck, SessionFence};
use mortise_proto::StoreError;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// The most events in one commit, and about the most bytes: a long commit keeps
/// everybody else waiting.
const GROUP_EVENTS_MAX: usize = 256;
const GROUP_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Calls that may wait unsorted; further ones wait to be let in. The task lets them in while
/// it writes as well. How many calls there are is limited where they come in.
const ARRIVING_MAX: usize = 1024;

/// Sessions that are known to take events, so that passing on an ephemeral one needs no
/// database.
const KNOWN_MAX: usize = 16 * 1024;

/// For how long that is known: another server may delete them.
const KNOWN_FOR: Duration = Duration::from_secs(1);

type Answer = Result<AppendAck, StoreError>;

/// The way to the task. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Appender {
    calls: mpsc::Sender<Call>,
}

/// The events of one call of `append` that are of one session.
#[derive(Debug)]
struct Call {
    lane: Lane,
    entries: Vec<Entry>,
    answers: oneshot::Sender<Vec<Answer>>,
}

/// The task.
#[derive(Debug)]
struct Group {
    writer: Writer,
    leases: Arc<LeaseClock>,
    feeds: Arc<Feeds>,
    recent: Arc<Recent>,
    known: HashMap<(i64, String), Known>,
}

/// A session that takes events.
#[derive(Debug, Clone, Copy)]
struct Known {
    since: Instant,
    /// Under which fence.
    fence: Option<SessionFence>,
}

/// How much a group holds.
#[derive(Debug, Default)]
struct Size {
    events: usize,
    bytes: usize,
}

// === impl Appender ===

impl Appender {
    /// Starts the task. It ends when every appender is dropped and nothing waits.
    pub(crate) fn start(
        db: Arc<Db>,
        pruning: Arc<Pruning>,
        leases: Arc<LeaseClock>,
        feeds: Arc<Feeds>,
        recent: Arc<Recent>,
    ) -> Self {
        let (calls, arriving) = mpsc::channel(ARRIVING_MAX);
        let writer = Writer {
            db,
            pruning,
            leases: leases.clone(),
        };
        let group = Group {
            writer,
            leases,
            feeds,
            recent,
            known: HashMap::new(),
        };
        tokio::spawn(group.run(arriving));
        Self { calls }
    }

    /// Stores events, those of a session in order, and answers each.
    pub(super) async fn append(&self, entries: Vec<Entry>) -> Vec<Answer> {
        let mut answers = every(entries.len(), &stopped());
        let mut by_session = Vec::new();
        for (lane, places, entries) in by_lane(entries) {
            let (answers_to, answered) = oneshot::channel();
            let call = Call {
                lane,
                entries,
                answers: answers_to,
            };
            if self.calls.send(call).await.is_err() {
                break;
            }
            by_session.push((places, answered));
        }
        for (places, answered) in by_session {
            let of_session = answered.await.unwrap_or_default();
            for (at, answer) in places.into_iter().zip(of_session) {
                if let Some(slot) = answers.get_mut(at) {
                    *slot = answer;
                }
            }
        }
        answers
    }
}

// === impl Group ===

impl Group {
    async fn run(mut self, mut arriving: mpsc::Receiver<Call>) {
        let mut lanes = Lanes::default();
        loop {
            while let Ok(call) = arriving.try_recv() {
                lanes.push(call.lane, call);
            }
            let group = next_group(&mut lanes);
            if group.is_empty() {
                let Some(call) = arriving.recv().await else {
                    return;
                };
                lanes.push(call.lane, call);
                continue;
            }
            let mut handled = std::pin::pin!(self.handle(group));
            // Those that come meanwhile are sorted: none waits outside behind a crowd.
            loop {
                tokio::select! {
                    biased;
                    () = &mut handled => break,
                    Some(call) = arriving.recv() => lanes.push(call.lane, call),
                }
            }
        }
    }

    async fn handle(&mut self, group: Vec<Call>) {
        let mut counts = Vec::with_capacity(group.len());
        let mut entries = Vec::new();
        for call in group {
            counts.push((call.entries.len(), call.answers));
            entries.extend(call.entries);
        }
        let answers = self.answer(&entries).await;
        self.feeds.pass_on(entries, &answers);
        let mut answers = answers
            .into_iter()
            .map(|answer| answer.map(|accepted| accepted.acknowledged));
        for (count, caller) in counts {
            let answers: Vec<Answer> = answers.by_ref().take(count).collect();
            // A caller that has gone does not want its answer; its events are stored.
            drop(caller.send(answers));
        }
    }

    async fn answer(&mut self, entries: &[Entry]) -> Vec<Result<Accepted, StoreError>> {
        if entries.iter().all(|entry| self.needs_no_database(entry)) {
            return entries.iter().map(|entry| Ok(entry.passed())).collect();
        }
        let answers = self.writer.write(entries).await;
        self.learn(entries, &answers);
        answers
    }

    fn needs_no_database(&self, entry: &Entry) -> bool {
        let session = (entry.org_id, entry.session_id.clone());
        let known = self
            .known
            .get(&session)
            .filter(|known| known.since.elapsed() < KNOWN_FOR && known.fence == entry.fence);
        entry.is_ephemeral && known.is_some() && !self.is_leased_anew(entry)
    }

    /// Whether a lease was granted since the one that the entry may belong to.
    fn is_leased_anew(&self, entry: &Entry) -> bool {
        let Some(SessionFence { session_id, fence }) = entry.fence else {
            let last = self.leases.last_fence(entry.org_id, &entry.session_id);
            return entry.needs_lease && last.is_some();
        };
        let last = self
            .leases
            .last_fence(entry.org_id, &session_id.to_string());
        last.is_some_and(|last| u64::try_from(last) != Ok(fence.get()))
    }

    fn learn(&mut self, entries: &[Entry], answers: &[Result<Accepted, StoreError>]) {
        if self.known.len() > KNOWN_MAX {
            self.known.clear();
        }
        let since = Instant::now();
        for (entry, answer) in entries.iter().zip(answers) {
            if answer.is_ok() {
                let fence = entry.fence;
                let session = (entry.org_id, entry.session_id.clone());
                self.known.insert(session, Known { since, fence });
            }
            if let Ok(accepted) = answer {
                self.note(entry, accepted);
            }
        }
    }

    /// Notes how an event was packed: the next may repeat it.
    fn note(&self, entry: &Entry, accepted: &Accepted) {
        let Some(packed) = entry.packed.as_ref().filter(|_| accepted.is_new) else {
            return;
        };
        let (org_id, session_id) = (entry.org_id, entry.session_id.as_str());
        let event_type = entry.event.r#type.as_str();
        if !accepted.is_packed {
            return self.recent.forget(org_id, session_id, event_type);
        }
        let AppendAck { event_id, sequence } = accepted.acknowledged;
        let stored = Stored {
            org_id,
            session_id,
            event_type,
            event_id: event_id.to_string(),
            sequence,
            body: &entry.body,
        };
        self.recent.note(stored, packed);
    }
}

// === impl Entry ===

impl Entry {
    /// The answer to an ephemeral event.
    pub(super) fn passed(&self) -> Accepted {
        Accepted {
            acknowledged: AppendAck {
                event_id: self.event_id,
                sequence: 0,
            },
            is_new: true,
            is_packed: false,
        }
    }
}

// === impl Size ===

impl Size {
    fn add(&mut self, call: &Call) {
        self.events += call.entries.len();
        self.bytes += call.entries.iter().map(Entry::bytes).sum::<usize>();
    }

    /// Whether there is room for more.
    fn fits(&self) -> bool {
        self.events < GROUP_EVENTS_MAX && self.bytes < GROUP_BYTES_MAX
    }
}

/// The calls that are written next, those whose turn it is.
fn next_group(lanes: &mut Lanes<Call>) -> Vec<Call> {
    let (mut size, mut group) = (Size::default(), Vec::new());
    while size.fits()
        && let Some(call) = lanes.next()
    {
        size.add(&call);
        group.push(call);
    }
    group
}

/// Events by what they are of, with their places.
fn by_lane(entries: Vec<Entry>) -> Vec<(Lane, Vec<usize>, Vec<Entry>)> {
    let mut lanes: Vec<(Lane, Vec<usize>, Vec<Entry>)> = Vec::new();
    for (at, entry) in entries.into_iter().enumerate() {
        let lane = Lane::of_session(entry.org_id, entry.session);
        match lanes.iter_mut().find(|(of, ..)| *of == lane) {
            Some((_, places, entries)) => {
                places.push(at);
                entries.push(entry);
            }
            None => lanes.push((lane, vec![at], vec![entry])),
        }
    }
    lanes
}

fn every<T>(count: usize, error: &StoreError) -> Vec<Result<T, StoreError>> {
    (0..count).map(|_| Err(error.clone())).collect()
}

pub(super) fn stopped() -> StoreError {
    unavailable("the storage has been closed".to_string())
}
