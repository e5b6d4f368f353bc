//! Over a socket, on every database: a session's SQL databases.
