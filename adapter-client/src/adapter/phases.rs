//! Adapters of the phases of a turn.

use super::GrpcHostAdapter;
use crate::phase::{Phase, PhaseKind};
use everruns_core::AgentLoopError;
use everruns_core::error::Result;
use everruns_core::typed_id::SessionId;
use mortise_proto::StoreError;
use std::sync::Arc;

impl GrpcHostAdapter {
    /// An adapter for one phase of a turn: it reads the session once and sends
    /// events without waiting for each. Call [`GrpcHostAdapter::finish_phase`] when
    /// the phase returns, and do not use it for the next one.
    #[must_use]
    pub fn phase(&self, session_id: SessionId, kind: PhaseKind) -> Self {
        let phase = Phase::new(self.remote.clone(), self.offers(), session_id, kind);
        Self {
            phase: Some(Arc::new(phase)),
            ..self.clone()
        }
    }

    /// The same phase, which follows another at once, without a write between the two: it
    /// begins with what that one has read.
    #[must_use]
    pub fn following(self, before: &Self) -> Self {
        if let (Some(own), Some(before)) = (&self.phase, &before.phase) {
            own.follow(before);
        }
        self
    }

    /// Reads what the phase will ask for, in one go, so that it may be read while something
    /// else is waited for. Outside of a phase it reads nothing.
    pub async fn read_ahead(&self) -> Result<()> {
        match &self.phase {
            Some(phase) => phase.read_ahead(self.shared.mcp_tools.is_some()).await,
            None => Ok(()),
        }
    }

    /// Waits until every event of the phase is stored. The error is that of the first
    /// which is not, or of a status of the session. Stores kept by background runs stay
    /// usable, without snapshot and stream.
    pub async fn finish_phase(&self) -> std::result::Result<(), StoreError> {
        match &self.phase {
            Some(phase) => phase.finish().await,
            None => Ok(()),
        }
    }

    /// Resolves with its refusal when the session of the phase takes nothing of this caller
    /// any more: it was deleted, or its lease has passed on. The phase's work is then of no
    /// use. Outside of a phase it never does.
    pub async fn session_gone(&self) -> AgentLoopError {
        match &self.phase {
            Some(phase) => phase.session_gone().await,
            None => std::future::pending().await,
        }
    }
}
