//! Messages that arrive while a turn runs.

#![expect(
    clippy::disallowed_types,
    reason = "who steers a turn and the turn itself wait for each other, in the order they came"
)]

use async_trait::async_trait;
use everruns_core::AgentLoopError;
use everruns_core::message::Message;
use everruns_core::typed_id::MessageId;
use futures::future::BoxFuture;
use mortise_proto::StoreError;
use mortise_proto::error::Outcome;
use std::fmt;
use tokio::sync::{Mutex, MutexGuard};

/// Stores a message in the host's process.
pub type Store<'a> = BoxFuture<'a, Result<(), AgentLoopError>>;

/// How messages reach a turn that runs.
///
/// A model is asked with the messages that are stored when its phase begins to read. So
/// storing a message and beginning to read exclude each other, and what arrived since is
/// known exactly: with it the turn asks the model once more instead of ending.
#[async_trait]
pub trait Steering: Send + Sync + fmt::Debug {
    /// Has a message stored into the turn; `None` when the turn has asked the model for
    /// the last time, and then nothing is stored. Where the turn runs in this process,
    /// `store` does it. Where it runs elsewhere, `store` is dropped, the message is sent
    /// there, and stored there.
    async fn steer(
        &self,
        message: &Message,
        store: Store<'_>,
    ) -> Option<Result<(), AgentLoopError>>;

    /// Lets no further message in. The last message that no model has seen must be
    /// answered by another turn.
    async fn close(&self) -> Option<MessageId>;
}

/// Lets messages into a turn of this process, but not while it begins to read.
#[derive(Debug, Default)]
pub(super) struct MessageGate {
    gate: Mutex<Gate>,
}

#[derive(Debug, Default)]
pub(super) struct Gate {
    closed: bool,
    /// Stored since the model was last asked.
    unseen: Vec<MessageId>,
}

// === impl MessageGate ===

impl MessageGate {
    /// Keeps messages out while a phase begins to read.
    pub(super) async fn about_to_read(&self) -> MutexGuard<'_, Gate> {
        self.gate.lock().await
    }

    /// How many messages the model has not seen; with none the gate closes.
    pub(super) async fn unseen_or_close(&self) -> usize {
        let mut gate = self.gate.lock().await;
        gate.closed = gate.unseen.is_empty();
        gate.unseen.len()
    }
}

#[async_trait]
impl Steering for MessageGate {
    async fn steer(
        &self,
        message: &Message,
        store: Store<'_>,
    ) -> Option<Result<(), AgentLoopError>> {
        let mut gate = self.gate.lock().await;
        if gate.closed {
            return None;
        }
        let stored = store.await;
        // One that may be stored must be answered as if it were.
        if stored.as_ref().err().is_none_or(may_be_stored) {
            gate.unseen.push(message.id);
        }
        Some(stored)
    }

    async fn close(&self) -> Option<MessageId> {
        let mut gate = self.gate.lock().await;
        gate.closed = true;
        std::mem::take(&mut gate.unseen).pop()
    }
}

// === impl Gate ===

impl Gate {
    /// Everything stored so far was read.
    pub(super) fn seen(&mut self) {
        self.unseen.clear();
    }
}

/// Whether a message may be stored although the adapter did not say so.
pub(super) fn may_be_stored(error: &AgentLoopError) -> bool {
    StoreError::from(error).outcome != Outcome::NotApplied
}
