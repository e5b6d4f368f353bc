//! The keys of everything that is sealed: which of them the database needs, and sealing
//! all of it with the current one. Works on the tables of every org.

mod check;
mod rewrap;
mod sealed_columns;

pub(crate) use check::missing_keys;
pub use rewrap::Rewrapped;
pub(crate) use rewrap::rewrap_all;
