//! Across the wire and back: images.
