//! What connections are for, and which of them share their places.

/// Calls and probes share connections; streams have their own.
pub(super) const GROUPS: usize = 2;

/// What a place on a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::mesh) enum Purpose {
    /// A call that ends soon.
    Call,
    /// A question whether the server is there.
    Probe,
    /// A stream without an end.
    Stream,
}

// === impl Purpose ===

impl Purpose {
    /// The group of connections that it has its place on.
    pub(super) fn group(self) -> usize {
        match self {
            Self::Call | Self::Probe => 0,
            Self::Stream => 1,
        }
    }

    /// What a group is for first of all.
    pub(super) fn of(group: usize) -> Self {
        match group {
            0 => Self::Call,
            _ => Self::Stream,
        }
    }
}
