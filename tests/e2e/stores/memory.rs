//! Over a socket, on every database: memories.
