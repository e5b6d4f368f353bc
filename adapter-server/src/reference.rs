//! Reference storage.
