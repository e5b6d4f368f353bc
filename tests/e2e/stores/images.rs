//! Over a socket, on every database: images.
