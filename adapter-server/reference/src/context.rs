//! What a store may touch in one call: the database, as far as it is the call's org's, the
//! keys for it, the scope of the call, and the answers that are remembered.

use crate::db::{AllOrgs, Db, Lane, Tx};
use crate::fences;
use crate::idempotency;
use crate::idempotency::Pruning;
use crate::seal::OrgKeys;
use everruns_core::AgentLoopError;
use everruns_core::typed_id::SessionId;
use mortise_adapter_server::Scope;
use mortise_proto::error::Outcome;
use mortise_proto::{Secrets, StoreError};
use prost::Message;
use std::sync::Arc;

/// All that a store may touch besides its own state, in one call. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct StoreCtx {
    db: Arc<Db>,
    pruning: Arc<Pruning>,
    scope: Arc<Scope>,
}

// === impl StoreCtx ===

impl StoreCtx {
    pub(crate) fn new(db: Arc<Db>, pruning: Arc<Pruning>, scope: Scope) -> Self {
        Self {
            db,
            pruning,
            scope: Arc::new(scope),
        }
    }

    /// Who calls what, and until when.
    pub(crate) fn scope(&self) -> &Scope {
        &self.scope
    }

    pub(crate) fn org_id(&self) -> i64 {
        self.scope.org_id
    }

    /// Among which changes this call's has its turn.
    fn lane(&self) -> Lane {
        Lane {
            org_id: self.scope.org_id,
            session_id: self.scope.session_id,
        }
    }

    /// Seals and opens what the org has, outside of a transaction.
    pub(crate) fn keys(&self) -> OrgKeys<'_> {
        OrgKeys::new(self.db.keys(), self.scope.org_id)
    }

    /// For one statement that reads.
    pub(crate) async fn reader(&self) -> Result<Tx, StoreError> {
        self.db.reader(self.scope.org_id).await
    }

    /// A transaction that reads: all of it sees one moment.
    pub(crate) async fn snapshot(&self) -> Result<Tx, StoreError> {
        self.db.snapshot(self.scope.org_id).await
    }

    /// A transaction that changes something and whose answer is not remembered. It has not
    /// begun if the fence of the call is stale.
    pub(crate) async fn write(&self) -> Result<Tx, StoreError> {
        let mut tx = self.db.write(self.lane()).await?;
        let checked = fences::check(&mut tx, self.scope.fence).await;
        checked.map_err(not_applied)?;
        Ok(tx)
    }

    /// The same context for a change of this session, which has its turn among those of the
    /// session: the caller need not have named it in the context of the call.
    pub(crate) fn in_session(&self, session_id: SessionId) -> Self {
        let mut scope = Scope::clone(&self.scope);
        scope.session_id = Some(session_id);
        Self {
            scope: Arc::new(scope),
            ..self.clone()
        }
    }

    /// The same context for what only notes what has happened already, such as a payment:
    /// no fence keeps it out.
    pub(crate) fn after_the_fact(&self) -> Self {
        let mut scope = Scope::clone(&self.scope);
        scope.fence = None;
        Self {
            scope: Arc::new(scope),
            ..self.clone()
        }
    }

    /// Applies a change under the fence of the call unless its answer is remembered, and
    /// remembers its answer. An error is not remembered: nothing happened.
    pub(crate) async fn run_once<Rsp, F>(&self, apply: F) -> Result<Rsp, StoreError>
    where
        Rsp: Message + Secrets + Default,
        F: AsyncFnOnce(&mut Tx) -> Result<Rsp, StoreError>,
    {
        let all = self.db.write_in(self.lane()).await?;
        Box::pin(self.apply_once(all, apply)).await
    }

    /// The same for a change that takes long or writes much, in a transaction of its own.
    pub(crate) async fn run_once_alone<Rsp, F>(&self, apply: F) -> Result<Rsp, StoreError>
    where
        Rsp: Message + Secrets + Default,
        F: AsyncFnOnce(&mut Tx) -> Result<Rsp, StoreError>,
    {
        let all = self.db.write_all_orgs_alone().await?;
        Box::pin(self.apply_once(all, apply)).await
    }

    /// The transaction is of all orgs because old answers are dropped in it.
    async fn apply_once<Rsp, F>(&self, mut all: AllOrgs, apply: F) -> Result<Rsp, StoreError>
    where
        Rsp: Message + Secrets + Default,
        F: AsyncFnOnce(&mut Tx) -> Result<Rsp, StoreError>,
    {
        let tx = all.for_org(self.scope.org_id);
        let Some(request_id) = &self.scope.request_id else {
            let checked = fences::check(tx, self.scope.fence).await;
            checked.map_err(not_applied)?;
            let answer = apply(tx).await.map_err(not_applied)?;
            all.commit().await?;
            return Ok(answer);
        };
        let method = self.scope.method.short_name();
        let claimed = idempotency::claim(tx, method, request_id, self.pruning.now()).await;
        if let Some(answer) = claimed.map_err(not_applied)? {
            // It may be that of a change which shares this transaction, and not be durable.
            all.commit().await?;
            return Ok(answer);
        }
        // After the answer that is remembered: what was applied is answered as it was.
        let checked = fences::check(tx, self.scope.fence).await;
        checked.map_err(not_applied)?;
        let answer = apply(tx).await.map_err(not_applied)?;
        idempotency::remember(tx, request_id, &answer)
            .await
            .map_err(not_applied)?;
        self.pruning
            .written(&mut all, 1)
            .await
            .map_err(not_applied)?;
        all.commit().await?;
        Ok(answer)
    }

    /// The answer that is remembered for this call, for a change that does its work
    /// before its transaction begins.
    pub(crate) async fn cached_reply<Rsp>(&self) -> Result<Option<Rsp>, StoreError>
    where
        Rsp: Message + Secrets + Default,
    {
        let Some(request_id) = &self.scope.request_id else {
            return Ok(None);
        };
        let mut tx = self.reader().await?;
        let method = self.scope.method.short_name();
        let found = idempotency::find(&mut tx, method, request_id).await;
        found.map_err(not_applied)
    }
}

/// The answer of a store as upstream's traits have it. The errors of its body are
/// [`StoreError`]s; each leaves in the form in which a server takes it out again.
pub(crate) async fn upstream<T>(
    body: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, AgentLoopError> {
    body.await.map_err(AgentLoopError::from)
}

/// Before the commit nothing has happened, and dropping the transaction keeps it so.
fn not_applied(error: StoreError) -> StoreError {
    error.outcome(Outcome::NotApplied)
}
