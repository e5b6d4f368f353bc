//! Over a socket, on every database: the platform.
