//! Turns of the upstream runtime in which upstream's own tools, called by a scripted
//! model, reach every store over the wire, on every database.

mod background;
mod budgets;
mod credentials;
mod images;
mod mcp;
mod memory;
mod outbound;
mod payments;
mod platform;
mod schedules;
mod session;
mod skills;
mod sql;
mod subagents;
mod utility_llm;
