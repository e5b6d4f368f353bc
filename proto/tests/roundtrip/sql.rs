//! Across the wire and back: a session's SQL databases.
