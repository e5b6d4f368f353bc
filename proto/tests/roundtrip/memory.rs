//! Across the wire and back: memories.
