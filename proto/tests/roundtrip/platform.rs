//! Across the wire and back: the platform.
