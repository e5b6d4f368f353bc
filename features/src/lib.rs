//! Nothing but dependencies with features; see this crate's `Cargo.toml`.
