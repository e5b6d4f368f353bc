//! Turns of the upstream runtime in which upstream's own tools, called by a scripted
//! model, reach every store over the wire, on every database.

mod budgets;
mod credentials;
mod images;
mod mcp;
mod memory;
mod outbound;
mod payments;
mod platform;
mod resources;
mod schedules;
mod session;
mod sql;
mod subagents;
