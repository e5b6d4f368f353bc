//! One file per service, with one function per method: it gets a [`Call`](crate::serve::Call)
//! and says what to ask of the adapter. What passes calls to these functions, and what mounts
//! the services, is generated from the .proto files; `serve` does the rest.

mod adapter;
mod agent_store;
mod budget_checker;
mod egress;
mod event_emitter;
mod event_log;
#[rustfmt::skip]
mod generated;
mod harness_store;
mod image_artifact_store;
mod image_resolver;
mod leased_resource_store;
mod llm_provider_store;
mod mcp;
mod memory_store;
mod message_retriever;
mod outbound_tool_rate_limiter;
mod payment_authority;
mod platform_store;
mod provider_credential_store;
mod runtime_host;
mod session_file_system;
mod session_lease;
mod session_mutator;
mod session_resource_registry;
mod session_schedule_store;
mod session_sql_db_store;
mod session_storage_store;
mod session_store;
mod test_seed;
mod turn_journal;
mod turn_queue;
mod user_connection_resolver;
mod utility_llm;

pub(crate) use generated::mount;
