//! Over a socket, on every database: provider credentials and user connections.
