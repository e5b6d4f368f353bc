//! Turns of the upstream runtime whose tools reach a session's SQL databases.
