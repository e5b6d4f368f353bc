//! Turns that the storage asks for, through the same session queue as all others.

pub mod worker;

use super::leases::WhenHeld;
use super::org_connections::OrgConnection;
use super::session_queue::BusyPolicy;
use super::{Host, Key};
use crate::engine::{Begin, Claim, TurnEnd};
use everruns_core::typed_id::{MessageId, SessionId, TurnId};
use futures::FutureExt;
use std::sync::Arc;
use worker::{Running, TurnRunner, TurnWorker};

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

impl TurnRunner for QueuedTurns {
    fn answer(
        &self,
        session_id: SessionId,
        message_id: MessageId,
        claim: Box<dyn Claim>,
    ) -> Running {
        let key: Key = (self.org_id, session_id);
        let (host, connection) = (self.host.clone(), self.connection.clone());
        let ticket = host.inner.sessions.enter(key, BusyPolicy::Wait);
        async move {
            let leased = host.leased(key, connection, WhenHeld::Wait);
            let (permit, connection) = ticket?.permit(leased).await?;
            let begin = Begin::Stored {
                message_id,
                turn_id: TurnId::new(),
                claim: Some(claim),
            };
            let (_, mut ended) = host.begin_turn(permit, key, connection, begin).await?;
            let end = ended.wait_for(Option::is_some).await;
            let end = end.ok().and_then(|end| end.clone());
            Ok(end.unwrap_or_else(|| TurnEnd::Failed("the turn was aborted".into())))
        }
        .boxed()
    }
}
