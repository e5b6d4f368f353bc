//! A session's SQL databases.
