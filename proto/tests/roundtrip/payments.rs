//! Across the wire and back: payments.
