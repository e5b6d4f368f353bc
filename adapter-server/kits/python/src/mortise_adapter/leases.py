"""SessionLeaseService over a storage of leases: who gets one, under which fence, when it ends,
and what followers are told. The table is the same in every SQL database."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import replace

from mortise_adapter import fail, v1
from mortise_adapter.call import Change, Org, Session
from mortise_adapter.fences import Lease, LeaseClock, stale
from mortise_adapter.stores import SessionLease

FENCE_MAX = 2**63 - 1
"""The largest that a table can hold."""

_TTL_MS = range(1_000, 600_001)
# How long what another process does may stay unseen.
_LOOK_SECONDS = 1.0
# How soon after its end a lease is looked at.
_AFTER_THE_END_SECONDS = 0.005

BEGIN = """INSERT INTO mortise_leases (org, session, fence, ends_at, time_left_max, holder, address)
    VALUES ($1, $2, 0, 0, 0, '', '') ON CONFLICT (org, session) DO NOTHING"""
FIND = """SELECT session, fence, ends_at, time_left_max, holder, address FROM mortise_leases
    WHERE org = $1 AND session = $2"""
RUNNING = """SELECT session, fence, ends_at, time_left_max, holder, address FROM mortise_leases
    WHERE org = $1 AND ends_at > $2 ORDER BY session"""
GRANT = """UPDATE mortise_leases SET fence = $3, ends_at = $4, time_left_max = $5, holder = $6, address = $7
    WHERE org = $1 AND session = $2"""
RENEW = "UPDATE mortise_leases SET ends_at = $3, time_left_max = $4 WHERE org = $1 AND session = $2"
RELEASE = """UPDATE mortise_leases SET ends_at = 0 WHERE org = $1 AND session = $2 AND fence = $3 AND ends_at <> 0
    RETURNING fence"""


def table(text: str) -> str:
    """The table, with the type that a database has for texts compared by their bytes. A row
    stays: fences of a session rise for ever."""
    return (
        f"CREATE TABLE IF NOT EXISTS mortise_leases (org BIGINT NOT NULL, session {text} NOT NULL, "
        "fence BIGINT NOT NULL, ends_at BIGINT NOT NULL, time_left_max BIGINT NOT NULL, "
        f"holder {text} NOT NULL, address {text} NOT NULL, PRIMARY KEY (org, session))"
    )


class StoredLeases(SessionLease):
    """Leases in a storage, which says how they are read and written."""

    def __init__(self) -> None:
        self._clock = LeaseClock()
        self._changed = asyncio.Event()

    @abstractmethod
    async def grant(self, session: Session, change: Change[v1.SessionLease], wanted: Wanted) -> v1.SessionLease:
        """Grants a lease in the transaction of the change."""

    @abstractmethod
    async def renew(self, session: Session, fence: int, ttl: int) -> Lease:
        """Keeps what `renewed` says in a transaction, and returns it."""

    @abstractmethod
    async def release(self, session: Session, fence: int) -> bool:
        """Ends a lease; whether it had not ended."""

    @abstractmethod
    async def stored(self, org: Org, session_id: str | None) -> tuple[Sequence[Lease], int]:
        """The leases that may run, and the time of the database."""

    async def acquire_lease(
        self, session: Session, change: Change[v1.SessionLease], holder: str, address: str, ttl_ms: int
    ) -> v1.SessionLease:
        for name, text in (("holder", holder), ("address", address)):
            if "\0" in text:
                raise fail.invalid_field(name, "contains NUL; send a text without it")
        lease = await self.grant(session, change, Wanted(holder, address, _micros(ttl_ms)))
        self._tell()
        return lease

    async def renew_lease(self, session: Session, fence: int, ttl_ms: int) -> int:
        renewed = await self.renew(session, _fence(fence), _micros(ttl_ms))
        self._clock.note_renewal(session.org.id, renewed)
        return _millis(renewed.time_left_max)

    async def release_lease(self, session: Session, fence: int) -> None:
        if await self.release(session, _fence(fence)):
            self._tell()

    async def follow_leases(self, org: Org, session_id: str | None) -> AsyncIterator[v1.FollowLeasesResponse]:
        told: dict[str, int] = {}
        if session_id is not None:
            told[session_id] = -1
        while True:
            # Before the look, so that nothing falls between the two.
            changed = self._changed
            running = {lease.session: (lease, left) for lease, left in await self._running(org, session_id)}
            for one in [one for one in told if one not in running and told[one]]:
                told[one] = 0
                yield v1.FollowLeasesResponse(session_id=one)
            for one, (lease, left) in running.items():
                if told.get(one) != lease.fence:
                    told[one] = lease.fence
                    yield v1.FollowLeasesResponse(session_id=one, lease=_told(lease, left))
            if session_id is None:
                told = {one: fence for one, fence in told.items() if fence}
            first_end = min(
                (left / 1e6 + _AFTER_THE_END_SECONDS for _, left in running.values()), default=_LOOK_SECONDS
            )
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), min(first_end, _LOOK_SECONDS))

    async def _running(self, org: Org, session_id: str | None) -> Sequence[tuple[Lease, int]]:
        leases, now = await self.stored(org, session_id)
        left = [(lease, self._clock.left(org.id, lease, now)) for lease in leases]
        return [(lease, time) for lease, time in left if time]

    def refuse_if_held(self, org: int, last: Lease | None, holder: str, now: int) -> None:
        """Raises HELD if another holder has the session."""
        if last is None or last.holder == holder:
            return
        left = self._clock.left(org, last, now)
        if left:
            raise fail.held(
                f"{last.session} is leased by {last.holder}",
                id=last.session,
                holder=last.holder,
                address=last.address,
                time_left_ms=str(_millis(left)),
            )

    def granted(self, session: Session, last: Lease | None, wanted: Wanted, now: int) -> Lease:
        """The next lease of a session. Its fence comes from the clock: a storage that was
        restored from a backup does not know the last one."""
        fence = max(last.fence + 1 if last else 1, now)
        lease = Lease(session.id, fence, now + wanted.ttl, wanted.ttl, wanted.holder, wanted.address)
        # Noted now, so that it ends by the monotonic clock as well.
        self._clock.left(session.org.id, lease, now)
        return lease

    def renewed(self, session: Session, last: Lease | None, fence: int, ttl: int, now: int) -> Lease:
        """A lease after its renewal. Raises FENCED if it is lost."""
        # One that has expired and that no other was granted is as good as it was.
        if last is None or last.fence != fence or not last.ends_at:
            raise stale(session.id, last, now)
        left = max(self._clock.left(session.org.id, last, now), ttl)
        # Never the end before, also if the clock was set back meanwhile: a process that has
        # seen the lease sees the renewal.
        ends_at = now + left + (now + left == last.ends_at)
        return replace(last, ends_at=ends_at, time_left_max=left)

    def _tell(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


class Wanted:
    """What a caller asks for. The ttl is in microseconds."""

    __slots__ = ("address", "holder", "ttl")

    def __init__(self, holder: str, address: str, ttl: int) -> None:
        self.holder = holder
        self.address = address
        self.ttl = ttl


def answer(lease: Lease) -> v1.SessionLease:
    """A lease that was granted just now."""
    return _told(lease, lease.time_left_max)


def _told(lease: Lease, left: int) -> v1.SessionLease:
    return v1.SessionLease(
        session_id=lease.session,
        fence=lease.fence,
        holder=lease.holder,
        address=lease.address,
        time_left_ms=_millis(left),
    )


def _millis(micros: int) -> int:
    return max(1, micros // 1000)


def _micros(ttl_ms: int) -> int:
    if ttl_ms not in _TTL_MS:
        raise fail.invalid_field("ttl_ms", f"is {ttl_ms}; send {_TTL_MS.start} to {_TTL_MS.stop - 1}")
    return ttl_ms * 1000


def _fence(fence: int) -> int:
    if fence == 0:
        raise fail.invalid_field("fence", "is 0; send the fence that the lease was granted with")
    return fence
