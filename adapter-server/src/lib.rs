//! Serves any `RuntimeHostAdapter` over gRPC, and holds the reference storage.
//!
//! This crate reads neither files nor the environment; the binary does.

mod chunks;
mod listen;
pub mod reference;
mod replies;
mod scope;
mod serve;
mod server;
mod services;
mod source;

pub use listen::{Connection, ListenAddress, Listener};
pub use scope::Scope;
pub use server::{AdapterServer, ServeError};
pub use source::{Acknowledged, AdapterSource, Appended, EventStore, TestSeed, TurnQueue};
