//! What a phase reads, of one moment.

use super::session_memory::History;
use super::{PhaseKind, locked};
use crate::mesh::offers::Offers;
use crate::stores::{Remote, TurnParts, malformed};
use everruns_core::Harness;
use everruns_core::error::Result;
use everruns_core::message::Message;
use everruns_core::typed_id::{MessageId, SessionId};
use everruns_runtime::RuntimeHostTurnContext;
use mortise_proto::convert::ConvertError;
use mortise_proto::convert::runtime_host::turn_context;
use mortise_proto::pb::{Feature, KnownMessages, TurnContextPart};
use mortise_proto::rpc::Cache;
use mortise_proto::rpc::table::{self, runtime_host_service::LOAD_TURN_CONTEXT};
use std::sync::{Arc, Mutex};
use tokio::sync::OnceCell;

/// What a phase has read.
#[derive(Debug)]
pub(super) struct Snapshot {
    /// Without the messages.
    pub(super) context: RuntimeHostTurnContext,
    history: History,
    pub(super) harness_chain: Vec<Harness>,
    /// Whether the model was asked for; only then does none mean that none is set.
    pub(super) has_model: bool,
    /// Whether the messages were asked for.
    pub(super) has_messages: bool,
}

/// The current snapshot. Readers that come together load it once. Once it is forgotten,
/// the next reader loads it again.
#[derive(Debug)]
pub(super) struct Snapshots {
    remote: Remote,
    session_id: SessionId,
    parts: &'static [TurnContextPart],
    /// Whether the server can leave out messages that this side has.
    sends_since: bool,
    current: Mutex<Arc<OnceCell<Arc<Snapshot>>>>,
    /// What was read last, once the phase has ended: for the phase that follows at once.
    last: Mutex<Option<Arc<Snapshot>>>,
}

/// A snapshot is an answer that is kept.
const _: () = assert!(matches!(LOAD_TURN_CONTEXT.method.cache, Cache::Phase));

const REASON: &[TurnContextPart] = &[
    TurnContextPart::Messages,
    TurnContextPart::Model,
    TurnContextPart::McpTools,
    TurnContextPart::HarnessChain,
];
const ACT: &[TurnContextPart] = &[TurnContextPart::HarnessChain];

/// The stores that a snapshot answers for. It comes from the runtime host's
/// adapter, and so may only if that adapter serves them all.
const ANSWERED: &[&str] = &[
    table::harness_store_service::NAME,
    table::agent_store_service::NAME,
    table::session_store_service::NAME,
    table::llm_provider_store_service::NAME,
    table::message_retriever_service::NAME,
];

// === impl Snapshot ===

impl Snapshot {
    /// The context of the trait.
    pub(super) fn context(&self) -> RuntimeHostTurnContext {
        RuntimeHostTurnContext {
            messages: self.messages(),
            ..self.context.clone()
        }
    }

    pub(super) fn messages(&self) -> Vec<Message> {
        self.history.messages.to_vec()
    }
}

// === impl Snapshots ===

impl Snapshots {
    pub(super) fn new(
        remote: &Remote,
        offers: &Offers,
        session_id: SessionId,
        kind: PhaseKind,
    ) -> Option<Self> {
        let from = table::runtime_host_service::NAME;
        let one_adapter = ANSWERED
            .iter()
            .all(|store| remote.mesh.same_route(&remote.org, from, store));
        one_adapter.then(|| Self {
            remote: remote.clone(),
            session_id,
            parts: match kind {
                PhaseKind::Reason => REASON,
                PhaseKind::Input | PhaseKind::Act => ACT,
            },
            sends_since: offers.has_feature(from, Feature::SnapshotSince),
            current: Mutex::default(),
            last: Mutex::default(),
        })
    }

    pub(super) async fn get(&self) -> Result<Arc<Snapshot>> {
        let current = self.current();
        current.get_or_try_init(|| self.load()).await.cloned()
    }

    /// One message, where the snapshot is loaded and has them.
    pub(super) fn message(&self, message_id: MessageId) -> Option<Option<Message>> {
        let current = self.current();
        let snapshot = current.get().filter(|snapshot| snapshot.has_messages)?;
        let mut messages = snapshot.history.messages.iter();
        Some(messages.find(|message| message.id == message_id).cloned())
    }

    /// Whether a new message makes the snapshot stale.
    pub(super) fn hold_messages(&self) -> bool {
        self.parts.contains(&TurnContextPart::Messages)
    }

    pub(super) fn forget(&self) {
        *locked(&self.current) = Arc::default();
    }

    /// The phase has ended.
    pub(super) fn end(&self) {
        let read = std::mem::take(&mut *locked(&self.current));
        if let Some(read) = read.get() {
            *locked(&self.last) = Some(read.clone());
        }
    }

    /// Begins with what a phase that has ended read last, where that is enough.
    pub(super) fn take_over(&self, before: &Self) {
        if !self.hold_messages()
            && before.parts == self.parts
            && let Some(read) = locked(&before.last).take()
        {
            *locked(&self.current) = Arc::new(OnceCell::new_with(Some(read)));
        }
    }

    fn current(&self) -> Arc<OnceCell<Arc<Snapshot>>> {
        locked(&self.current).clone()
    }

    async fn load(&self) -> Result<Arc<Snapshot>> {
        let (org_id, memory) = (self.remote.org.id, self.remote.mesh.session_memory());
        let known = self
            .may_leave_out()
            .then(|| memory.history(org_id, self.session_id))
            .flatten();
        let loaded = self
            .remote
            .turn_parts(
                self.session_id,
                self.parts,
                known.as_ref().and_then(known_messages),
            )
            .await?;
        let TurnParts {
            snapshot,
            messages,
            bytes,
        } = loaded;
        let left_out = snapshot.messages_left_out;
        let malformed = malformed(LOAD_TURN_CONTEXT.method);
        let (context, harness_chain) = turn_context(snapshot, Vec::new()).map_err(&malformed)?;
        let history = joined(known, left_out, messages, bytes).map_err(&malformed)?;
        if self.may_leave_out() {
            memory.keep_history(org_id, self.session_id, history.clone());
        }
        Ok(Arc::new(Snapshot {
            context,
            history,
            harness_chain,
            has_model: self.parts.contains(&TurnContextPart::Model),
            has_messages: self.hold_messages(),
        }))
    }

    fn may_leave_out(&self) -> bool {
        self.sends_since && self.hold_messages()
    }
}

/// What is said of a history to a server that may leave it out.
fn known_messages(history: &History) -> Option<KnownMessages> {
    Some(KnownMessages {
        count: history.messages.len() as u64,
        last_message_id: history.messages.last()?.id.to_string(),
    })
}

/// The whole history: what was left out, because it is known, and what came.
fn joined(
    known: Option<History>,
    left_out: u64,
    came: Vec<Message>,
    bytes: usize,
) -> std::result::Result<History, ConvertError> {
    if left_out == 0 {
        return Ok(History {
            messages: Arc::new(came),
            bytes,
        });
    }
    let known = known.filter(|known| known.messages.len() as u64 == left_out);
    let mut known = known.ok_or_else(|| {
        ConvertError::new(
            "messages_left_out",
            format!("is {left_out}; as many messages were not said to be known"),
        )
    })?;
    if !came.is_empty() {
        Arc::make_mut(&mut known.messages).extend(came);
        known.bytes += bytes;
    }
    Ok(known)
}
