//! Every store as its caller sees it: over a socket, on every database.

mod budgets;
mod credentials;
mod images;
mod leases;
mod mcp;
mod memory;
mod outbound;
mod payments;
mod platform;
mod resources;
mod schedules;
mod sql;
mod utility_llm;
