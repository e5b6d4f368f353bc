//! The product as its users run it: real sockets, real processes, the upstream
//! runtime, injected faults. One binary: each test binary links the runtime.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod command_line;
mod contract;
mod crashes;
mod event_stream;
mod host;
mod identity;
mod interop;
mod large;
mod linear;
mod markers;
mod mesh;
mod metrics;
mod other_writers;
mod platform_file;
mod pooler;
mod providers;
mod routes;
mod secrets;
mod security;
mod storage_faults;
mod stores;
mod tools;
mod traces;
mod turns;
mod wire;
