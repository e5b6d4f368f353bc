//! What `serve` stands on: something that yields an upstream adapter for a call,
//! and the few things the contract has beyond the upstream trait.

use crate::Scope;
use crate::extensions::{SessionFence, SessionLeases, TurnJournals};
use crate::mcp::Configured;
use async_trait::async_trait;
use bytes::Bytes;
use everruns_core::mcp_server::{McpServerAuthMode, sanitize_mcp_server_name};
use everruns_core::message_filter::MessageQuery;
use everruns_core::session_sqldb::{DatabaseInfo, SqlExecuteResult, SqlQueryResult, TableSchema};
use everruns_core::traits::{ProviderCredentials, SessionSqlDbStoreRef, StoredImageInfo};
use everruns_core::typed_id::{EventId, ImageId, MessageId, ModelId, SessionId};
use everruns_core::{Agent, Harness, ModelWithProvider, Session};
use everruns_runtime::{RuntimeHostAdapter, RuntimeHostTurnContext};
use futures::stream::BoxStream;
use mortise_proto::convert::budget_checker::Budget;
use mortise_proto::convert::mcp::{McpConnection, McpCredential, McpServer};
use mortise_proto::convert::payment_authority::{LedgerAccount, LedgerPolicy};
use mortise_proto::convert::platform_store::NewSession;
use mortise_proto::convert::turn_queue::TurnRequest;
use mortise_proto::convert::user_connection_resolver::Connection;
use mortise_proto::{StoreError, pb};
use std::sync::Arc;
use tokio::sync::{broadcast, watch};

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

/// Creates sessions of one org, on behalf of the session that calls.
#[async_trait]
pub trait SessionFactory: Send + Sync {
    /// Creates a session and returns it. See `platform_store.proto`.
    async fn create_session(&self, new: NewSession) -> Result<Session, StoreError>;
}

/// An event on its way in.
#[derive(Debug, Clone)]
pub struct AppendRequest {
    /// Under which the acknowledgement is remembered.
    pub request_id: String,
    /// The event.
    pub event: pb::NewEvent,
    /// The id that the caller would like it to have.
    pub proposed_id: Option<EventId>,
    /// The fence that it is emitted under.
    pub fence: Option<SessionFence>,
}

/// What an event got when it was stored. Ephemeral events have sequence 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppendAck {
    /// Its id.
    pub event_id: EventId,
    /// Its sequence number within the session.
    pub sequence: i64,
}

/// The stored events of one org.
#[async_trait]
pub trait EventStore: Send + Sync {
    /// Stores events in order, each with the message that follows from it, and
    /// answers each; one that cannot be stored does not keep the others from it.
    /// Those answered with `Ok` are durable. See `event_emitter.proto`.
    async fn append(&self, events: Vec<AppendRequest>) -> Vec<Result<AppendAck, StoreError>>;

    /// The stored events of a session after a sequence number, in order, at most
    /// `limit`.
    async fn read(
        &self,
        session_id: SessionId,
        after_sequence: i64,
        limit: u32,
    ) -> Result<Vec<pb::Event>, StoreError>;

    /// Every event of the org from now on, stored and ephemeral, of any session. A
    /// receiver that lags misses events, is told so, and reads the stored ones.
    fn subscribe(&self) -> broadcast::Receiver<Arc<pb::Event>>;
}

/// Messages in runs that suit a message of the wire, oldest first.
pub type MessageBatches = BoxStream<'static, Result<Vec<pb::Message>, StoreError>>;

/// Bytes in pieces, in order.
pub type ByteChunks = BoxStream<'static, Result<Bytes, StoreError>>;

/// Reads of one org that the upstream trait gives back whole. What each means is what
/// it means there; all that is given is what there was when the read began.
#[async_trait]
pub trait StreamingReads: Send + Sync {
    /// `MessageRetriever::load_page`; all messages, from 0 without a limit.
    async fn messages(
        &self,
        session_id: SessionId,
        offset: u64,
        limit: u64,
    ) -> Result<MessageBatches, StoreError>;

    /// `MessageRetriever::load_filtered` for a query without code, and how many messages
    /// there were before the window was cut.
    async fn filtered_messages(
        &self,
        query: MessageQuery,
    ) -> Result<(u64, MessageBatches), StoreError>;

    /// `RuntimeHostAdapter::load_turn_context`, its messages apart.
    async fn turn_context(
        &self,
        session_id: SessionId,
    ) -> Result<(RuntimeHostTurnContext, MessageBatches), StoreError>;

    /// `ImageArtifactStore::get_image`, its bytes apart. Every piece but the last has a
    /// number of bytes that is a multiple of three.
    async fn image(
        &self,
        image_id: ImageId,
    ) -> Result<Option<(StoredImageInfo, ByteChunks)>, StoreError>;
}

/// The SQL databases of one org's sessions. What each method means is what it means in
/// `SessionSqlDbStore`.
#[async_trait]
pub trait SqlDatabases: Send + Sync {
    /// Makes an empty database.
    async fn create_database(
        &self,
        session_id: SessionId,
        name: &str,
    ) -> Result<DatabaseInfo, StoreError>;

    /// The databases of a session.
    async fn list_databases(&self, session_id: SessionId) -> Result<Vec<DatabaseInfo>, StoreError>;

    /// Describes a database.
    async fn get_database(
        &self,
        session_id: SessionId,
        name: &str,
    ) -> Result<Option<DatabaseInfo>, StoreError>;

    /// Deletes a database and says whether it was there.
    async fn delete_database(&self, session_id: SessionId, name: &str) -> Result<bool, StoreError>;

    /// Runs statements.
    async fn sql_execute(
        &self,
        session_id: SessionId,
        db_name: &str,
        sql: &str,
    ) -> Result<SqlExecuteResult, StoreError>;

    /// Runs one statement that changes nothing.
    async fn sql_query(
        &self,
        session_id: SessionId,
        db_name: &str,
        sql: &str,
    ) -> Result<SqlQueryResult, StoreError>;

    /// Describes the tables, or one of them.
    async fn sql_schema(
        &self,
        session_id: SessionId,
        db_name: &str,
        table: Option<&str>,
    ) -> Result<Vec<TableSchema>, StoreError>;
}

/// A store of upstream.
struct Upstream(SessionSqlDbStoreRef);

#[async_trait]
impl SqlDatabases for Upstream {
    async fn create_database(
        &self,
        session_id: SessionId,
        name: &str,
    ) -> Result<DatabaseInfo, StoreError> {
        Ok(self.0.create_database(session_id, name).await?)
    }

    async fn list_databases(&self, session_id: SessionId) -> Result<Vec<DatabaseInfo>, StoreError> {
        Ok(self.0.list_databases(session_id).await?)
    }

    async fn get_database(
        &self,
        session_id: SessionId,
        name: &str,
    ) -> Result<Option<DatabaseInfo>, StoreError> {
        Ok(self.0.get_database(session_id, name).await?)
    }

    async fn delete_database(&self, session_id: SessionId, name: &str) -> Result<bool, StoreError> {
        Ok(self.0.delete_database(session_id, name).await?)
    }

    async fn sql_execute(
        &self,
        session_id: SessionId,
        db_name: &str,
        sql: &str,
    ) -> Result<SqlExecuteResult, StoreError> {
        Ok(self.0.sql_execute(session_id, db_name, sql).await?)
    }

    async fn sql_query(
        &self,
        session_id: SessionId,
        db_name: &str,
        sql: &str,
    ) -> Result<SqlQueryResult, StoreError> {
        Ok(self.0.sql_query(session_id, db_name, sql).await?)
    }

    async fn sql_schema(
        &self,
        session_id: SessionId,
        db_name: &str,
        table: Option<&str>,
    ) -> Result<Vec<TableSchema>, StoreError> {
        Ok(self.0.sql_schema(session_id, db_name, table).await?)
    }
}

/// The MCP servers that the sessions of one org reach; see `mcp.proto`. A session that is
/// not there has none.
#[async_trait]
pub trait McpDirectory: Send + Sync {
    /// Those of a session, each once, in the order of their names.
    async fn servers(&self, session_id: SessionId) -> Result<Vec<McpServer>, StoreError>;

    /// How the server with this prefix is reached; of several the last by name.
    async fn resolve(
        &self,
        session_id: SessionId,
        server_prefix: &str,
    ) -> Result<Option<McpConnection>, StoreError> {
        let servers = self.servers(session_id).await?;
        let mut found = servers.into_iter().map(|server| server.connection).rev();
        Ok(found.find(|server| sanitize_mcp_server_name(&server.name) == server_prefix))
    }

    /// What requests to a server are authorised with.
    async fn credential(
        &self,
        session_id: SessionId,
        server: &McpAuthorization,
    ) -> Result<Option<McpCredential>, StoreError>;
}

/// Whose credential is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct McpAuthorization {
    /// The server's name.
    pub server_name: String,
    /// How requests are authorised.
    pub auth_mode: McpServerAuthMode,
    /// The provider whose token is used, where the mode is OAuth.
    pub oauth_provider_id: Option<String>,
}

/// The turns of one org that wait for a host; see `turn_queue.proto`.
#[async_trait]
pub trait TurnQueue: Send + Sync {
    /// The oldest of those that wait, in order.
    async fn waiting(&self) -> Result<Vec<TurnRequest>, StoreError>;

    /// Changes when there may be more. What another process asks for is not seen
    /// here: look now and then as well.
    fn subscribe(&self) -> watch::Receiver<u64>;

    /// Takes one away, and says whether it was still there.
    async fn take(
        &self,
        session_id: SessionId,
        input_message_id: MessageId,
    ) -> Result<bool, StoreError>;
}

/// Puts records into one org, whole, over whatever stands under their id.
#[async_trait]
pub trait TestSeed: Send + Sync {
    /// Puts a harness.
    async fn put_harness(&self, harness: Harness) -> Result<(), StoreError>;
    /// Puts an agent.
    async fn put_agent(&self, agent: Agent) -> Result<(), StoreError>;
    /// Puts a session, and the initial files of its harness chain, its agent and
    /// itself in its workspace when it is new.
    async fn put_session(&self, session: Session) -> Result<(), StoreError>;
    /// Puts the org's credentials for a type of provider.
    async fn put_provider_credential(
        &self,
        provider_type: &str,
        credentials: ProviderCredentials,
    ) -> Result<(), StoreError>;
    /// Puts a user's connection.
    async fn put_connection(&self, connection: Connection) -> Result<(), StoreError>;
    /// Puts a policy for payments, and its account unless that is there already.
    async fn put_payment_policy(
        &self,
        policy: LedgerPolicy,
        account: Option<LedgerAccount>,
    ) -> Result<(), StoreError>;
    /// Puts a budget.
    async fn put_budget(&self, budget: Budget) -> Result<(), StoreError>;
    /// Puts the org's limit on calls of tools that reach outside; no calls at most
    /// means without limit.
    async fn put_rate_limit(&self, max_calls: u32, window_seconds: u32) -> Result<(), StoreError>;
    /// Puts a model, as the org's default if asked to.
    async fn put_model(
        &self,
        id: ModelId,
        model: ModelWithProvider,
        is_default: bool,
    ) -> Result<(), StoreError>;
}
