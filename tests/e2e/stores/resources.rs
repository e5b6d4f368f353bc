//! Over a socket, on every database: leases and the resource registry.
