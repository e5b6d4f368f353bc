//! Turns that the storage asks for, through the same session queue as all others.

pub mod worker;

use super::org_connections::OrgConnection;
use super::session_queue::BusyPolicy;
use super::{Host, Key};
use crate::engine::{Begin, TurnControl, TurnEnd, TurnEngine, TurnError};
use crate::journal::{Ending, TurnJournal, UnfinishedTurn};
use async_trait::async_trait;
use everruns_core::typed_id::SessionId;
use std::sync::Arc;
use worker::TurnWorker;

/// Runs turns in the session queue of a host.
#[derive(Debug)]
struct QueuedTurns {
    host: Host,
    org_id: i64,
    connection: OrgConnection,
}

impl Host {
    /// Runs the turns that an org's storage asks for, until the connection is over.
    pub(super) fn serve_queue(&self, org_id: i64, connection: &OrgConnection) {
        let turns = QueuedTurns {
            host: self.clone(),
            org_id,
            connection: connection.clone(),
        };
        let Some(worker) = TurnWorker::new(&connection.adapter, Arc::new(turns)) else {
            return;
        };
        let over = connection.over.clone();
        let work = worker.run(over.cancelled_owned());
        self.inner.watches.spawn(work);
    }
}

#[async_trait]
impl TurnEngine for QueuedTurns {
    async fn run(
        &self,
        session_id: SessionId,
        begin: Begin,
        _control: &TurnControl,
    ) -> Result<TurnEnd, TurnError> {
        let key: Key = (self.org_id, session_id);
        let sessions = &self.host.inner.sessions;
        let ticket = sessions.enter(key, BusyPolicy::Wait)?;
        let permit = ticket.permit().await?;
        let turn = self
            .host
            .begin_turn(permit, key, self.connection.clone(), begin);
        let (_, mut ended) = turn.await?;
        let end = ended.wait_for(Option::is_some).await;
        let end = end.ok().and_then(|end| end.clone());
        Ok(end.unwrap_or_else(|| TurnEnd::Failed("the turn was aborted".into())))
    }

    async fn end(
        &self,
        turn: UnfinishedTurn,
        ending: Ending,
        control: &TurnControl,
    ) -> Result<TurnEnd, TurnError> {
        self.connection.engine.end(turn, ending, control).await
    }

    fn journal(&self) -> Arc<dyn TurnJournal> {
        self.host.inner.journal.clone()
    }
}
