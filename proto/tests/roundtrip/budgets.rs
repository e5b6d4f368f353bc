//! Across the wire and back: budgets and rate limits.
