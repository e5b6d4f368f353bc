//! Leases and the resource registry.
