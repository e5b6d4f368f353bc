"""The fence of a change, and what it is compared with: leases as they are stored.

The highest fence of a session is known where its leases are granted. A store checks fences
if the leases of its sessions lie in its own database, where the check and the change are one
transaction; every other store ignores them."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from mortise_adapter import fail, v1

# Leases that are remembered before the first look for ones to forget.
_REMEMBERED = 4096
# Events of these types come from outside of a turn; a lease keeps none of them out.
_FROM_OUTSIDE = frozenset({"input.message", "turn.cancelled"})


@dataclass(frozen=True, slots=True)
class Lease:
    """The last lease of a session, as it is stored. Times are in microseconds."""

    session: str
    fence: int
    ends_at: int
    """By the clock of the database; 0 if it was released."""
    time_left_max: int
    """What was left of it when it was last granted or renewed."""
    holder: str
    address: str

    def left_by_wall(self, now: int) -> int:
        """What is left of it by the clock of the database; 0 if it has ended."""
        return max(0, min(self.ends_at - now, self.time_left_max))


@dataclass(frozen=True, slots=True)
class Fencing:
    """What leases decide of a change."""

    session: str = ""
    """The session of the fence; empty if the change came without one."""
    fence: int = 0
    unleased: str = ""
    """A session that the change may change only while nothing leases it: it came without the
    fence of this session, and the adapter refuses such changes."""

    @property
    def sessions(self) -> Sequence[str]:
        """The sessions whose leases decide, in the order in which to lock them."""
        return sorted({one for one in (self.session, self.unleased) if one})

    def judge(self, leases: Mapping[str, Lease], now: int) -> None:
        """Raises FENCED unless the leases, read in the transaction of the change, admit it."""
        if self.session:
            own = leases.get(self.session)
            if own is None or own.fence != self.fence:
                raise stale(self.session, own, now)
        other = leases.get(self.unleased) if self.unleased else None
        if other is not None and other.left_by_wall(now):
            text = f"{other.session} is leased; a change without the fence of its lease is not accepted meanwhile"
            raise _fenced(text, other)


NOTHING = Fencing()


def fencing_of(request: Any, of_session: bool, unfenced: v1.UnfencedChanges.ValueType) -> Fencing:
    """What leases decide of a request. of_session: the method is FENCING_SESSION."""
    context: v1.CallContext = request.context
    if context.fence and not context.session_id:
        problem = "is empty, but the call has a fence; send the session that the fence belongs to"
        raise fail.invalid_field("context.session_id", problem)
    own = context.session_id if context.fence else ""
    event: v1.NewEvent | None = getattr(request, "event", None)
    target: str = ""
    if of_session:
        target = request.session_id if event is None else event.session_id
    refuses = target != own and _refuses(unfenced, event)
    return Fencing(own, context.fence, target if refuses else "")


def _refuses(unfenced: v1.UnfencedChanges.ValueType, event: v1.NewEvent | None) -> bool:
    is_from_outside = event is not None and event.type in _FROM_OUTSIDE
    if unfenced == v1.UnfencedChanges.UNFENCED_CHANGES_EXCEPT_TURN_EVENTS:
        return event is not None and event.context.HasField("turn_id") and not is_from_outside
    return unfenced == v1.UnfencedChanges.UNFENCED_CHANGES_REFUSED and not is_from_outside


def stale(session: str, last: Lease | None, now: int) -> fail.Failure:
    """The fence is not the highest of the session."""
    text = f"the fence is not the highest that was granted for {session}; its lease has passed on or was never granted"
    return _fenced(text, last if last is not None and last.left_by_wall(now) else None, session)


def _fenced(text: str, running: Lease | None, session: str = "") -> fail.Failure:
    failure = fail.fenced(text, id=session or (running.session if running else ""))
    if running is not None:
        failure.metadata |= {"holder": running.holder, "address": running.address}
    return failure


class LeaseKeeper(ABC):
    """A SessionLease that holds leases still while a change is made, so that the kit compares
    fences itself: `ProcessLeases`. Each store that can be fenced then is."""

    @abstractmethod
    def held(self, org: int, sessions: Sequence[str]) -> AbstractAsyncContextManager[tuple[Mapping[str, Lease], int]]:
        """Waits for grants of the sessions, and lets none pass until its end. Gives the last
        leases and the time, in microseconds."""


class LeaseClock:
    """When leases end by the monotonic clock of this process. A wall clock that is set back
    must not make a lease last longer than it was granted for."""

    def __init__(self) -> None:
        self._seen: dict[tuple[int, str], tuple[int, int, int]] = {}
        self._forget_at = _REMEMBERED

    def left(self, org: int, lease: Lease, now: int) -> int:
        """How many microseconds are left of a lease, at a time of the database's clock; 0 if
        it has ended."""
        by_wall = lease.left_by_wall(now)
        if not by_wall:
            return 0
        at = time.monotonic_ns() // 1000
        self._forget(at, now)
        place = (org, lease.session)
        known = self._seen.get(place)
        if known is None or known[:2] != (lease.fence, lease.ends_at):
            known = self._seen[place] = (lease.fence, lease.ends_at, at + by_wall)
        return max(0, min(by_wall, known[2] - at))

    def note_renewal(self, org: int, lease: Lease) -> None:
        """Notes a renewal that is stored. The lease ends its time from now by the monotonic
        clock, even if the wall clock is set back before anyone looks at it."""
        at = time.monotonic_ns() // 1000
        self._forget(at, lease.ends_at - lease.time_left_max)
        place = (org, lease.session)
        known = self._seen.get(place)
        # A grant that came after the renewal may be known already.
        if known is None or known[0] <= lease.fence:
            self._seen[place] = (lease.fence, lease.ends_at, at + lease.time_left_max)

    def _forget(self, at: int, now: int) -> None:
        """Forgets leases that have ended by both clocks, when there are many."""
        if len(self._seen) >= self._forget_at:
            kept = {place: known for place, known in self._seen.items() if known[2] > at or known[1] > now}
            self._seen = kept
            self._forget_at = max(_REMEMBERED, 2 * len(self._seen))
