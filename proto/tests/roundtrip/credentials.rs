//! Across the wire and back: provider credentials and user connections.
