//! What the command line does by itself: one turn with its output, and the summary at its end.

pub mod mesh_table;
mod render;
pub mod run;
mod summary;
