//! Leases of sessions, the errors that are about them, and which changes need one.

use everruns_core::events;
use everruns_core::typed_id::SessionId;
use std::num::NonZeroU64;
use std::time::Duration;

use super::{ConvertError, Result, id};
use crate::pb::ErrorReason;
use crate::{StoreError, pb};

/// The shortest lease that can be asked for.
pub const TTL_MIN: Duration = Duration::from_secs(1);

/// The longest.
pub const TTL_MAX: Duration = Duration::from_mins(10);

/// The longest name of a holder, in bytes.
pub const HOLDER_BYTES_MAX: usize = 256;

/// The longest address of a holder, in bytes.
pub const ADDRESS_BYTES_MAX: usize = 2048;

const ID: &str = "id";
const HOLDER: &str = "holder";
const ADDRESS: &str = "address";
const TIME_LEFT_MS: &str = "time_left_ms";

/// A lease that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionLease {
    /// Of which session.
    pub session_id: SessionId,
    /// Higher than every fence that was granted for the session before.
    pub fence: NonZeroU64,
    /// Who has it.
    pub holder: String,
    /// Where callers reach the holder; empty if they cannot.
    pub address: String,
    /// How long it still runs unless it is renewed.
    pub time_left: Duration,
}

/// Who wants a lease, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseRequest {
    /// A name that no other process uses at the same time.
    pub holder: String,
    /// Where callers reach it; empty if they cannot.
    pub address: String,
    /// How long the lease runs unless it is renewed.
    pub ttl: Duration,
}

/// What a caller learns who asks for a lease that another has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldBy {
    /// Who has the lease.
    pub holder: String,
    /// Where callers reach the holder; empty if they cannot.
    pub address: String,
    /// How long the lease still runs unless it is renewed.
    pub time_left: Duration,
}

// === impl SessionLease ===

impl From<SessionLease> for pb::SessionLease {
    fn from(lease: SessionLease) -> Self {
        let SessionLease {
            session_id,
            fence,
            holder,
            address,
            time_left,
        } = lease;
        Self {
            session_id: session_id.to_string(),
            fence: fence.get(),
            holder,
            address,
            time_left_ms: millis_left(time_left),
        }
    }
}

impl TryFrom<pb::SessionLease> for SessionLease {
    type Error = ConvertError;

    fn try_from(wire: pb::SessionLease) -> Result<Self> {
        Ok(Self {
            session_id: id("session_id", &wire.session_id)?,
            fence: fence("fence", wire.fence)?,
            holder: wire.holder,
            address: wire.address,
            time_left: Duration::from_millis(wire.time_left_ms),
        })
    }
}

/// Milliseconds for the wire, from 1: a lease that runs has time left.
pub fn millis_left(time_left: Duration) -> u64 {
    u64::try_from(time_left.as_millis())
        .unwrap_or(u64::MAX)
        .max(1)
}

// === impl LeaseRequest ===

impl LeaseRequest {
    /// The request as it goes to the wire.
    #[must_use]
    pub fn into_wire(self, session_id: SessionId) -> pb::AcquireLeaseRequest {
        let Self {
            holder,
            address,
            ttl,
        } = self;
        pb::AcquireLeaseRequest {
            context: None,
            session_id: session_id.to_string(),
            holder,
            address,
            ttl_ms: millis_left(ttl),
        }
    }
}

impl TryFrom<pb::AcquireLeaseRequest> for LeaseRequest {
    type Error = ConvertError;

    fn try_from(wire: pb::AcquireLeaseRequest) -> Result<Self> {
        Ok(Self {
            holder: name("holder", wire.holder, HOLDER_BYTES_MAX)?,
            address: text("address", wire.address, ADDRESS_BYTES_MAX)?,
            ttl: ttl("ttl_ms", wire.ttl_ms)?,
        })
    }
}

/// A fence that must be there.
pub fn fence(field: &str, number: u64) -> Result<NonZeroU64> {
    let problem = "is 0; send the fence that the lease was granted with";
    NonZeroU64::new(number).ok_or_else(|| ConvertError::new(field, problem))
}

/// How long a lease is to run.
pub fn ttl(field: &str, millis: u64) -> Result<Duration> {
    let ttl = Duration::from_millis(millis);
    if (TTL_MIN..=TTL_MAX).contains(&ttl) {
        return Ok(ttl);
    }
    let (min, max) = (TTL_MIN.as_millis(), TTL_MAX.as_millis());
    Err(ConvertError::new(
        field,
        format!("is {millis}; send {min} to {max} milliseconds"),
    ))
}

/// A text of a limited size that is not empty.
pub(crate) fn name(field: &str, value: String, bytes_max: usize) -> Result<String> {
    if value.is_empty() {
        return Err(ConvertError::new(field, "is empty; send it"));
    }
    text(field, value, bytes_max)
}

/// A text of a limited size.
pub(crate) fn text(field: &str, value: String, bytes_max: usize) -> Result<String> {
    if value.len() > bytes_max {
        let bytes = value.len();
        return Err(ConvertError::new(
            field,
            format!("is {bytes} bytes, at most {bytes_max} are allowed; send a shorter one"),
        ));
    }
    if value.contains('\0') {
        return Err(ConvertError::new(
            field,
            "holds a NUL character; leave it out",
        ));
    }
    Ok(value)
}

// === errors ===

impl StoreError {
    /// What a caller is told whose fence is not the session's highest, or who has none
    /// where one is needed.
    #[must_use]
    pub fn fenced(session_id: SessionId, problem: impl Into<String>) -> Self {
        Self::new(ErrorReason::Fenced, problem).with(ID, session_id)
    }

    /// What a caller is told whose fence is not the session's highest; `running` is the
    /// lease that runs, if one does.
    #[must_use]
    pub fn stale_fence(session_id: SessionId, running: Option<&SessionLease>) -> Self {
        let text = format!(
            "the lease of {session_id} has passed on, or was never granted by this server; \
             stop the turn, and acquire the lease again before the next"
        );
        let error = Self::fenced(session_id, text);
        match running {
            Some(lease) => error
                .with(HOLDER, &lease.holder)
                .with(ADDRESS, &lease.address),
            None => error,
        }
    }

    /// What a caller is told who has no fence and needs one, because this lease runs.
    #[must_use]
    pub fn lease_needed(running: &SessionLease) -> Self {
        let SessionLease {
            session_id, holder, ..
        } = running;
        let text = format!(
            "{session_id} is leased by {holder}; acquire its lease and send the fence with the \
             change"
        );
        Self::fenced(*session_id, text)
            .with(HOLDER, holder)
            .with(ADDRESS, &running.address)
    }

    /// What a caller is told who asks for a lease that another has.
    #[must_use]
    pub fn held(lease: &SessionLease) -> Self {
        let millis = millis_left(lease.time_left);
        let text = format!(
            "{} is leased by {} for another {millis} ms; wait until the lease ends, or go to the holder",
            lease.session_id, lease.holder
        );
        Self::new(ErrorReason::Held, text)
            .with(ID, lease.session_id)
            .with(HOLDER, &lease.holder)
            .with(ADDRESS, &lease.address)
            .with(TIME_LEFT_MS, millis)
    }

    /// The session whose lease the caller has lost, if the error says so.
    #[must_use]
    pub fn fenced_session(&self) -> Option<SessionId> {
        if self.reason != Some(ErrorReason::Fenced) {
            return None;
        }
        self.metadata.get(ID)?.parse().ok()
    }

    /// The session that the caller must not change any more, if the error says so: it takes
    /// nothing, or its lease is another's.
    #[must_use]
    pub fn lost_session(&self) -> Option<SessionId> {
        self.gone_session().or_else(|| self.fenced_session())
    }

    /// Who has the lease that was asked for, if the error says so.
    #[must_use]
    pub fn held_by(&self) -> Option<HeldBy> {
        if self.reason != Some(ErrorReason::Held) {
            return None;
        }
        let text = |key| self.metadata.get(key).cloned().unwrap_or_default();
        let millis = text(TIME_LEFT_MS).parse().unwrap_or_default();
        Some(HeldBy {
            holder: text(HOLDER),
            address: text(ADDRESS),
            time_left: Duration::from_millis(millis),
        })
    }
}

// === changes ===

/// Whether an event belongs to a turn, so that its change needs the session's lease where
/// the session is leased; see `UnfencedChanges`. A user's message and the word that a turn
/// was cancelled come from outside.
#[must_use]
pub fn is_turn_event(event: &pb::NewEvent) -> bool {
    let of_turn = |context: &pb::EventContext| context.turn_id.is_some();
    event.context.as_ref().is_some_and(of_turn) && !comes_from_outside(&event.r#type)
}

/// Whether an event of this type comes from outside of the turn, so that it is never
/// refused because its session is leased.
#[must_use]
pub fn comes_from_outside(event_type: &str) -> bool {
    matches!(event_type, events::INPUT_MESSAGE | events::TURN_CANCELLED)
}
