//! What the contract has beyond the upstream trait, one file per store. A source offers
//! each by a method of [`AdapterSource`](crate::AdapterSource).

mod event_store;
mod mcp_directory;
mod session_factory;
mod session_lease;
mod sql_databases;
mod streaming_reads;
mod test_seed;
mod turn_journal;
mod turn_queue;

pub use event_store::{AppendAck, AppendRequest, EventStore, SessionFeed, Subscription};
pub use mcp_directory::{McpAuthorization, McpDirectory};
pub use session_factory::SessionFactory;
pub use session_lease::{SessionFence, SessionLeases};
pub use sql_databases::SqlDatabases;
pub(crate) use sql_databases::Upstream;
pub use streaming_reads::{
    ByteChunks, KnownMessages, MessageBatches, StreamingReads, TurnContextRead,
};
pub use test_seed::TestSeed;
pub use turn_journal::TurnJournals;
pub use turn_queue::TurnQueue;
