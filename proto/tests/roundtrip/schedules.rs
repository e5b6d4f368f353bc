//! Across the wire and back: schedules.
