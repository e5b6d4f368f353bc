//! Over a socket, on every database: budgets and rate limits.
