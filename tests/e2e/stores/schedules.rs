//! Over a socket, on every database: schedules.
