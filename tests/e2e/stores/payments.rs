//! Over a socket, on every database: payments.
