//! What `serve` stands on: something that yields an upstream adapter for a call,
//! and the few things the contract has beyond the upstream trait.

use crate::Scope;
use crate::extensions::{
    EventStore, McpDirectory, SessionFactory, SessionLeases, SqlDatabases, StreamingReads,
    TestSeed, TurnJournals, TurnQueue, Upstream,
};
use crate::mcp::Configured;
use everruns_runtime::RuntimeHostAdapter;
use mortise_proto::pb;
use std::sync::Arc;
use tokio::sync::watch;

/// Yields the adapter that answers a call.
///
/// The upstream trait knows neither orgs (ten of its getters carry none) nor
/// request ids, so the server asks for an adapter per call. Every
/// [`RuntimeHostAdapter`] is a source of itself: it serves every org and its
/// answers are remembered in memory.
pub trait AdapterSource: Send + Sync + 'static {
    /// The adapter.
    type Adapter: RuntimeHostAdapter;

    /// The adapter for one call: it sees the data of `scope.org_id` alone. Must be
    /// cheap; it does no I/O.
    fn adapter(&self, scope: &Scope) -> Self::Adapter;

    /// Whether orgs are told apart; stated in the handshake.
    fn scoping(&self) -> pb::Scoping;

    /// Whether the adapter itself remembers answers by `scope.request_id`, in the
    /// transaction of the change. Otherwise the server does it, in memory.
    fn remembers_requests(&self) -> bool {
        false
    }

    /// The same of one service, by its full name, where a source is put together of stores
    /// of which only some remember.
    fn remembers_requests_of(&self, _service: &str) -> bool {
        self.remembers_requests()
    }

    /// Why no changes can be made now, as it changes. While it holds an outage, the
    /// server's health is NOT_SERVING and its handshake says the reason; the source lets
    /// it go by itself when changes can be made again. `None`: the source does not know,
    /// and the server says that it serves.
    fn outage(&self) -> Option<watch::Receiver<Option<Outage>>> {
        None
    }

    /// Events as they are on the wire, beside the trait's emitter: without
    /// decoding them, readable, and to be followed.
    fn event_store(&self, _scope: &Scope) -> Option<Arc<dyn EventStore>> {
        None
    }

    /// What may be large, a piece at a time. Without it the server holds all of such an
    /// answer while it is sent: the upstream trait knows no other way.
    fn streaming_reads(&self, _scope: &Scope) -> Option<Arc<dyn StreamingReads>> {
        None
    }

    /// SQL databases of sessions whose errors come whole: upstream's own error for them
    /// has no variant for a storage that cannot answer now, and such an error is taken for
    /// a final one. By default what the adapter's own store says.
    fn sql_databases(&self, scope: &Scope) -> Option<Arc<dyn SqlDatabases>> {
        let store = self.adapter(scope).sqldb_store()?;
        Some(Arc::new(Upstream(store)))
    }

    /// The MCP servers of sessions: upstream's executor of their tools shows nothing of
    /// what it is built of. By default what the adapter's own stores say: servers from
    /// its harnesses, agents and sessions, credentials from its connections and secrets.
    fn mcp_directory(&self, scope: &Scope) -> Option<Arc<dyn McpDirectory>> {
        Some(Arc::new(Configured::new(self.adapter(scope), scope.org_id)))
    }

    /// The turns that the storage itself asks for.
    fn turn_queue(&self, _scope: &Scope) -> Option<Arc<dyn TurnQueue>> {
        None
    }

    /// Leases of sessions, where the storage has them.
    fn session_leases(&self, _scope: &Scope) -> Option<Arc<dyn SessionLeases>> {
        None
    }

    /// Whether the adapter itself checks the fence of each change that has one, in the
    /// transaction of the change; stated in the handshake for every service whose methods
    /// take notice of fences. See `session_lease.proto`.
    fn checks_fences(&self) -> bool {
        false
    }

    /// What becomes of a change without a fence whose session is leased; stated in the
    /// handshake of an adapter that checks fences.
    fn unfenced_changes(&self) -> pb::UnfencedChanges {
        pb::UnfencedChanges::ExceptTurnEvents
    }

    /// Unfinished turns, where the storage keeps them.
    fn turn_journal(&self, _scope: &Scope) -> Option<Arc<dyn TurnJournals>> {
        None
    }

    /// Sessions that have more from their beginning than the upstream trait can say:
    /// `FEATURE_SESSION_SETTINGS`. Without it such a session is refused.
    fn session_factory(&self, _scope: &Scope) -> Option<Arc<dyn SessionFactory>> {
        None
    }

    /// A way to put records in, for checks, demos and embedded use.
    fn test_seed(&self, _scope: &Scope) -> Option<Arc<dyn TestSeed>> {
        None
    }
}

impl<A: RuntimeHostAdapter> AdapterSource for A {
    type Adapter = A;

    fn adapter(&self, _scope: &Scope) -> A {
        self.clone()
    }

    fn scoping(&self) -> pb::Scoping {
        pb::Scoping::Shared
    }
}

/// Changes cannot be made now. Reads may go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// Why, for an operator: what does not work and its code. Never a secret.
    pub reason: String,
}
