//! What the command line does by itself: one turn with its output, and the summary at its
//! end; and what it asks of a running host.

pub mod mesh_table;
pub mod remote;
mod render;
pub mod run;
mod summary;

pub use render::{NOT_WRITTEN, output_failure, printed};
