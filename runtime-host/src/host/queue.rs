//! Turns that the storage asks for, through the same lanes as all others.

use super::lanes::Manners;
use super::orgs::Link;
use super::{Host, Key};
use crate::engine::{Begin, TurnControl, TurnEnd, TurnEngine, TurnError};
use crate::journal::{Ending, TurnJournal, UnfinishedTurn};
use crate::worker::TurnWorker;
use async_trait::async_trait;
use everruns_core::typed_id::SessionId;
use std::sync::Arc;

/// Runs turns in the lanes of a host.
#[derive(Debug)]
struct InLanes {
    host: Host,
    org_id: i64,
    link: Link,
}

impl Host {
    /// Runs the turns that an org's storage asks for, until the link is over.
    pub(super) fn serve_queue(&self, org_id: i64, link: &Link) {
        let lanes = InLanes {
            host: self.clone(),
            org_id,
            link: link.clone(),
        };
        let Some(worker) = TurnWorker::new(&link.adapter, Arc::new(lanes)) else {
            return;
        };
        let over = link.over.clone();
        let work = worker.run(over.cancelled_owned());
        self.inner.watches.spawn(work);
    }
}

#[async_trait]
impl TurnEngine for InLanes {
    async fn run(
        &self,
        session_id: SessionId,
        begin: Begin,
        _control: &TurnControl,
    ) -> Result<TurnEnd, TurnError> {
        let key: Key = (self.org_id, session_id);
        let lanes = &self.host.inner.lanes;
        let place = lanes.enter(key, Manners::Wait)?;
        let slot = place.slot().await?;
        let turn = self.host.begin_turn(slot, key, self.link.clone(), begin);
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
        self.link.engine.end(turn, ending, control).await
    }

    fn journal(&self) -> Arc<dyn TurnJournal> {
        self.host.inner.journal.clone()
    }
}
