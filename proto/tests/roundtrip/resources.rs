//! Across the wire and back: leases and the resource registry.
