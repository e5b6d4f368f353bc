//! What the tests share. Every server listens on a socket or port of its own, and
//! every folder is temporary.

pub mod adapter_process;
pub mod database;
pub mod failing_disk;
pub mod fake_images;
pub mod fake_mcp;
pub mod fake_openai;
pub mod fault_proxy;
pub mod fixtures;
pub mod freezing_proxy;
pub mod host_process;
pub mod http_proxy;
pub mod in_process;
pub mod memory;
pub mod memory_journal;
pub mod network;
pub mod pgbouncer;
pub mod platform;
pub mod replicas;
pub mod restate;
pub mod scenario;
pub mod script;
