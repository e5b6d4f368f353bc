//! Turns of the upstream runtime whose tools reach budgets and rate limits.
