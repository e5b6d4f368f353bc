//! One phase of a turn, read once and written without waiting.
//!
//! A phase reads the same few records again and again, and emits a dozen events of
//! which upstream looks at none. So the adapter of a phase answers its reads from
//! one snapshot and sends its events on one stream:
//!
//! - The snapshot is loaded at the first read. What it does not hold is asked for once,
//!   as far as the `cache` option of the method allows that. A write through the adapter
//!   that touches either drops both; they never outlive the phase, so an agent that is
//!   archived between two phases is seen.
//! - `output.message.completed` is awaited, since upstream ends the turn when it
//!   cannot be stored. Every other event is sent and the phase goes on; `finish`
//!   waits until all are stored and reports the first that is not.
//! - A read of messages after an event that leaves one behind waits for that event.
//!
//! What grows with a session is kept from phase to phase (`session_memory.rs`): a server
//! that offers it sends the messages that are new, and is sent what is new in large events.
//!
//! Where a server lacks the feature, or the stores of the snapshot are routed to
//! several adapters, the phase reads and emits one by one. So it does from the moment on
//! in which a server says that it does not know the stream or the snapshot any more.

mod cache;
mod event_stream;
mod session_memory;
mod snapshot;

pub(crate) use cache::PhaseCache;
pub(crate) use session_memory::SessionMemory;

use crate::call_error::CallError;
use crate::mesh::offers::Offers;
use crate::stores::{Remote, finish_query, is_fatal, mcp_servers};
use async_trait::async_trait;
use event_stream::EventLink;
use everruns_core::AgentLoopError;
use everruns_core::error::Result;
use everruns_core::events::{self, Event, EventRequest};
use everruns_core::message::Message;
use everruns_core::message_filter::{MessageFilter, MessageQuery};
use everruns_core::message_retriever::MessageRetriever;
use everruns_core::traits::{
    AgentStore, EventEmitter, HarnessStore, LlmProviderStore, SessionMutator, SessionStore,
};
use everruns_core::typed_id::{AgentId, HarnessId, MessageId, ModelId, SessionId};
use everruns_core::{Agent, Harness, ModelWithProvider, Session};
use everruns_runtime::RuntimeHostTurnContext;
use mortise_proto::StoreError;
use mortise_proto::convert::error::into_host_error;
use mortise_proto::convert::mcp::McpServer;
use mortise_proto::pb::Feature;
use mortise_proto::rpc::table::{event_emitter_service, runtime_host_service};
use snapshot::{Snapshot, Snapshots};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OnceCell, watch};
use tonic::Code;

/// Which phase of a turn; it decides what the snapshot holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhaseKind {
    /// Takes the user's message: reads that message alone.
    Input,
    /// Asks the model: reads everything.
    Reason,
    /// Runs tools: reads the configuration, not the history.
    Act,
}

/// The stores of one phase.
#[derive(Debug)]
pub(crate) struct Phase {
    /// Keeps what it may.
    remote: Remote,
    cache: Arc<PhaseCache>,
    session_id: SessionId,
    /// `None` where reads go one by one.
    snapshots: Option<Snapshots>,
    /// `None` where events go one by one.
    events: Option<EventLink>,
    /// Messages of the session that were asked for by their ids. They never change.
    messages: Mutex<HashMap<MessageId, Message>>,
    /// The MCP servers, where they were read ahead.
    mcp_servers: OnceCell<Vec<McpServer>>,
    finished: AtomicBool,
    /// Set when the server has no snapshots any more.
    without_snapshots: AtomicBool,
    /// The first emit or change of status that failed. Upstream logs most such failures
    /// and goes on.
    failure: Mutex<Option<StoreError>>,
    gone: Gone,
}

/// Set to the refusal of a session that takes nothing any more.
pub(crate) type Gone = Arc<watch::Sender<Option<StoreError>>>;

// === impl Phase ===

impl Phase {
    pub(crate) fn new(
        remote: Remote,
        offers: &Offers,
        session_id: SessionId,
        kind: PhaseKind,
    ) -> Self {
        let remote = remote.in_session(session_id);
        let cache = Arc::<PhaseCache>::default();
        let snapshots = offers
            .has_feature(runtime_host_service::NAME, Feature::TurnSnapshot)
            .then(|| Snapshots::new(&remote, offers, session_id, kind))
            .flatten();
        let gone = Gone::default();
        let takes_patches = offers.has_feature(event_emitter_service::NAME, Feature::EventPatch);
        let events = offers
            .has_feature(event_emitter_service::NAME, Feature::EmitStream)
            .then(|| EventLink::new(&remote, gone.clone(), takes_patches));
        Self {
            remote: remote.cached(cache.clone()),
            cache,
            session_id,
            snapshots,
            events,
            messages: Mutex::default(),
            mcp_servers: OnceCell::new(),
            finished: AtomicBool::new(false),
            without_snapshots: AtomicBool::new(false),
            failure: Mutex::default(),
            gone,
        }
    }

    /// Resolves when the session of the phase has refused to take anything more of this
    /// caller.
    pub(crate) async fn session_gone(&self) -> AgentLoopError {
        let mut gone = self.gone.subscribe();
        let refusal = gone.wait_for(Option::is_some).await;
        match refusal.ok().and_then(|refusal| refusal.clone()) {
            Some(refusal) => into_host_error(refusal),
            // The phase holds the other end.
            None => std::future::pending().await,
        }
    }

    /// Reads what a phase of its kind asks for, in one go. What cannot be read is asked for
    /// again by those who want it, and they are told.
    pub(crate) async fn read_ahead(&self, has_mcp: bool) -> Result<()> {
        let snapshot = self.snapshot(self.session_id);
        let asks_model = self
            .snapshots
            .as_ref()
            .is_some_and(Snapshots::hold_messages);
        if !(asks_model && has_mcp) {
            return snapshot.await.map(drop);
        }
        let (snapshot, servers) =
            tokio::join!(snapshot, mcp_servers(&self.remote, self.session_id));
        if let Ok(servers) = servers {
            // Set once; another reader of the same moment has set the same.
            drop(self.mcp_servers.set(servers));
        }
        snapshot.map(drop)
    }

    /// The MCP servers of the phase's session.
    pub(crate) async fn mcp_servers(&self, session_id: SessionId) -> Result<Vec<McpServer>> {
        let ahead = self.mcp_servers.get();
        match ahead.filter(|_| session_id == self.session_id && self.is_open()) {
            Some(servers) => Ok(servers.clone()),
            None => mcp_servers(&self.remote, session_id).await,
        }
    }

    /// Begins with what another phase has read: nothing has been written since.
    pub(crate) fn follow(&self, before: &Self) {
        if let (Some(own), Some(theirs)) = (&self.snapshots, &before.snapshots)
            && self.session_id == before.session_id
            && self.remote.org.id == before.remote.org.id
        {
            own.take_over(theirs);
        }
    }

    /// Drops what was read.
    pub(crate) fn forget(&self) {
        self.cache.forget();
        if let Some(snapshots) = &self.snapshots {
            snapshots.forget();
        }
    }

    pub(crate) async fn finish(&self) -> std::result::Result<(), StoreError> {
        self.finished.store(true, Ordering::Release);
        self.cache.close();
        if let Some(time) = &self.remote.org.turn_time {
            time.end();
        }
        self.cache.forget();
        if let Some(snapshots) = &self.snapshots {
            snapshots.end();
        }
        let sent = match &self.events {
            Some(events) => events.finish().await,
            None => Ok(()),
        };
        let failure = locked(&self.failure).take();
        sent.and(failure.map_or(Ok(()), Err))
    }

    /// Keeps a failure that upstream only logs, for `finish` to report.
    pub(crate) fn record_failure(&self, error: StoreError) -> AgentLoopError {
        if error.lost_session() == Some(self.session_id) {
            self.gone.send_replace(Some(error.clone()));
        }
        locked(&self.failure).get_or_insert_with(|| error.clone());
        into_host_error(error)
    }

    /// Drops what was read now, and again when the guard goes: a write whose caller
    /// gave up, or whose answer was lost, may have happened all the same.
    pub(crate) fn invalidate(&self) -> Writing<'_> {
        self.forget();
        Writing(self)
    }

    /// The host's own reads.
    pub(crate) async fn host_agent(&self, agent_id: AgentId) -> Result<Option<Agent>> {
        self.remote.host_agent(agent_id).await
    }

    pub(crate) async fn host_harness(&self, harness_id: HarnessId) -> Result<Option<Harness>> {
        self.remote.host_harness(harness_id).await
    }

    pub(crate) async fn load_turn_context(
        &self,
        session_id: SessionId,
    ) -> Result<RuntimeHostTurnContext> {
        match self.snapshot(session_id).await? {
            Some(snapshot) if snapshot.has_messages => Ok(snapshot.context()),
            Some(_) | None => {
                self.flush_messages().await?;
                self.remote.load_turn_context(session_id).await
            }
        }
    }

    /// The snapshot of the phase's own session, while the phase lasts.
    async fn snapshot(&self, session_id: SessionId) -> Result<Option<Arc<Snapshot>>> {
        match &self.snapshots {
            Some(snapshots) if session_id == self.session_id && self.has_snapshots() => {
                if snapshots.hold_messages() {
                    self.flush_messages().await?;
                }
                match snapshots.get().await {
                    Err(error) if is_unknown(&error) => {
                        // The server has no snapshot any more: the stores are asked.
                        self.without_snapshots.store(true, Ordering::Release);
                        Ok(None)
                    }
                    snapshot => snapshot.map(Some),
                }
            }
            Some(_) | None => Ok(None),
        }
    }

    /// Waits for events that reads must see.
    async fn flush_messages(&self) -> Result<()> {
        match &self.events {
            Some(events) => Ok(events.flush_messages().await.map_err(CallError)?),
            None => Ok(()),
        }
    }

    fn is_open(&self) -> bool {
        !self.finished.load(Ordering::Acquire)
    }

    fn has_snapshots(&self) -> bool {
        self.is_open() && !self.without_snapshots.load(Ordering::Acquire)
    }
}

/// What it holds is whole after every statement, so a panic elsewhere does not matter.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a server does not know a method that it was said to offer.
fn is_unknown(error: &AgentLoopError) -> bool {
    StoreError::from(error).code == Code::Unimplemented
}

/// A write under way that may touch the snapshot.
pub(crate) struct Writing<'a>(&'a Phase);

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.0.forget();
    }
}

#[async_trait]
impl HarnessStore for Phase {
    async fn get_harness_chain(&self, harness_id: HarnessId) -> Result<Vec<Harness>> {
        match self.snapshot(self.session_id).await? {
            // A server that does not know the snapshot's parts any more leaves it out.
            Some(snapshot)
                if snapshot.context.session.harness_id == harness_id
                    && !snapshot.harness_chain.is_empty() =>
            {
                Ok(snapshot.harness_chain.clone())
            }
            Some(_) | None => self.remote.get_harness_chain(harness_id).await,
        }
    }
}

#[async_trait]
impl AgentStore for Phase {
    async fn get_agent(&self, agent_id: AgentId) -> Result<Option<Agent>> {
        match self.snapshot(self.session_id).await? {
            Some(snapshot) if snapshot.context.session.agent_id == Some(agent_id) => {
                Ok(snapshot.context.agent.clone())
            }
            Some(_) | None => self.remote.get_agent(agent_id).await,
        }
    }
}

#[async_trait]
impl SessionStore for Phase {
    async fn get_session(&self, session_id: SessionId) -> Result<Option<Session>> {
        let snapshot = match self.snapshot(session_id).await {
            // Absent is not an error here.
            Err(AgentLoopError::SessionNotFound(_)) => return Ok(None),
            snapshot => snapshot?,
        };
        match snapshot {
            Some(snapshot) => Ok(Some(snapshot.context.session.clone())),
            None => self.remote.get_session(session_id).await,
        }
    }
}

#[async_trait]
impl SessionMutator for Phase {
    async fn update_session_title(&self, session_id: SessionId, title: String) -> Result<Session> {
        let _writing = self.invalidate();
        self.remote.update_session_title(session_id, title).await
    }
}

#[async_trait]
impl LlmProviderStore for Phase {
    async fn get_model_with_provider(
        &self,
        model_id: ModelId,
    ) -> Result<Option<ModelWithProvider>> {
        self.remote.get_model_with_provider(model_id).await
    }

    async fn get_default_model(&self) -> Result<Option<ModelWithProvider>> {
        match self.snapshot(self.session_id).await? {
            Some(snapshot) if snapshot.has_model => Ok(snapshot.context.model.clone()),
            Some(_) | None => self.remote.get_default_model().await,
        }
    }
}

#[async_trait]
impl MessageRetriever for Phase {
    async fn get(&self, session_id: SessionId, message_id: MessageId) -> Result<Option<Message>> {
        let is_own = self.is_open() && session_id == self.session_id;
        if is_own && let Some(known) = locked(&self.messages).get(&message_id) {
            return Ok(Some(known.clone()));
        }
        self.flush_messages().await?;
        let own = self.snapshots.as_ref();
        let own = own.filter(|_| self.has_snapshots() && is_own);
        let found = match own.and_then(|snapshots| snapshots.message(message_id)) {
            Some(message) => message,
            None => self.remote.get(session_id, message_id).await?,
        };
        if is_own && let Some(message) = &found {
            locked(&self.messages).insert(message_id, message.clone());
        }
        Ok(found)
    }

    async fn load(&self, session_id: SessionId) -> Result<Vec<Message>> {
        if let Some(messages) = self.messages(session_id).await? {
            return Ok(messages);
        }
        self.remote.load(session_id).await
    }

    async fn load_filtered(&self, query: MessageQuery) -> Result<Vec<Message>> {
        // What the other filters mean is the server's business.
        let only_custom = query
            .filters
            .iter()
            .all(|filter| matches!(filter, MessageFilter::Custom(_)));
        if only_custom && let Some(mut messages) = self.messages(query.session_id).await? {
            let matched = messages.len() as u64;
            if !query.has_custom_filters() {
                query.apply_window_bounds(&mut messages);
            }
            return Ok(finish_query(&query, messages, matched));
        }
        self.remote.load_filtered(query).await
    }

    async fn load_page(
        &self,
        session_id: SessionId,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<Message>> {
        self.flush_messages().await?;
        self.remote.load_page(session_id, offset, limit).await
    }

    async fn count(&self, session_id: SessionId) -> Result<usize> {
        self.flush_messages().await?;
        self.remote.count(session_id).await
    }
}

impl Phase {
    /// The session's messages from the snapshot, where it has them.
    async fn messages(&self, session_id: SessionId) -> Result<Option<Vec<Message>>> {
        let snapshot = self.snapshot(session_id).await?;
        let messages = snapshot
            .filter(|snapshot| snapshot.has_messages)
            .map(|snapshot| snapshot.messages());
        if messages.is_none() {
            self.flush_messages().await?;
        }
        Ok(messages)
    }
}

#[async_trait]
impl EventEmitter for Phase {
    async fn emit(&self, request: EventRequest) -> Result<Event> {
        let leaves_a_message = matches!(
            request.event_type.as_str(),
            events::INPUT_MESSAGE | events::OUTPUT_MESSAGE_COMPLETED | events::TOOL_COMPLETED
        );
        let awaited = is_fatal(&request.event_type);
        let is_ephemeral = request.is_ephemeral();
        let sent = match &self.events {
            Some(events) if self.is_open() => events.send(request, awaited, leaves_a_message).await,
            Some(_) | None => self.remote.emit_event(request).await,
        };
        let event = match sent {
            Err(error) if !is_ephemeral => return Err(self.record_failure(error)),
            sent => sent.map_err(CallError)?,
        };
        if leaves_a_message {
            self.cache.forget();
            let snapshots = self.snapshots.as_ref();
            if let Some(snapshots) = snapshots.filter(|own| own.hold_messages()) {
                snapshots.forget();
            }
        }
        Ok(event)
    }
}
