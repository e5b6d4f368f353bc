//! Memories.
