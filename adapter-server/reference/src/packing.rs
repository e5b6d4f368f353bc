//! Bodies of events that repeat an earlier one of their session, stored as the difference.
//!
//! An event of a call of a model holds the whole history, so a session would grow with the
//! square of its length. A large body is a frame of zstd, whose prefix is the body of an
//! earlier event of the same session and type, its base:
//!
//! ```text
//! append ──► recent ──► pack, on a thread that may block ──► group ──► recent
//!            the base   the difference                       writes    the next base
//!
//! read ──► unpack: the base first, and each base once
//! ```
//!
//! All of this is invisible outside: what is read is, byte for byte, what came in.

mod chain;
mod frame;
mod recent;
mod unpack;

pub(crate) use chain::Packed;
pub(crate) use recent::{Recent, Stored};
pub(crate) use unpack::{Row, Unpacking};
