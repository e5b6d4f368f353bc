"""SessionLeaseService in this process alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from mortise_adapter import leases, v1
from mortise_adapter.call import Change, Org, Session
from mortise_adapter.fences import Lease, LeaseKeeper

Exists = Callable[[Session], Awaitable[None]]
"""Raises SESSION_NOT_FOUND or SESSION_ARCHIVED for a session that cannot be leased."""


@dataclass(slots=True)
class _Held:
    """The last lease of a session. A grant waits for the changes of the session, and they for
    it: when it is answered, the changes under the fence before are over."""

    lease: Lease | None = None
    changes: int = 0
    is_granting: bool = False


class ProcessLeases(leases.StoredLeases, LeaseKeeper):
    """Leases for tests, and for an adapter that is alone with what it keeps. Offer it beside
    the stores: the kit then compares the fence of each change itself, and every store that can
    be fenced says so. After a restart no fence of before is known, and each is refused."""

    def __init__(self, exists: Exists | None = None) -> None:
        super().__init__()
        self._exists = exists
        self._all: dict[tuple[int, str], _Held] = {}
        self._moved = asyncio.Event()

    def _of(self, org: int, session: str) -> _Held:
        return self._all.setdefault((org, session), _Held())

    async def _until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            await self._moved.wait()

    def _move(self) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    @asynccontextmanager
    async def held(self, org: int, sessions: Sequence[str]) -> AsyncIterator[tuple[Mapping[str, Lease], int]]:
        every = [self._of(org, session) for session in sessions]
        await self._until(lambda: not any(one.is_granting for one in every))
        for one in every:
            one.changes += 1
        try:
            yield {one.lease.session: one.lease for one in every if one.lease is not None}, _now()
        finally:
            for one in every:
                one.changes -= 1
            self._move()

    async def grant(self, session: Session, change: Change[v1.SessionLease], wanted: leases.Wanted) -> v1.SessionLease:
        org, one = session.org.id, self._of(session.org.id, session.id)
        # Nothing is gained by waiting for the changes of another's lease.
        self.refuse_if_held(org, one.lease, wanted.holder, _now())
        if self._exists is not None:
            await self._exists(session)
        await self._until(lambda: not one.is_granting)
        one.is_granting = True
        try:
            await self._until(lambda: not one.changes)
            now = _now()
            self.refuse_if_held(org, one.lease, wanted.holder, now)
            one.lease = self.granted(session, one.lease, wanted, now)
            return leases.answer(one.lease)
        finally:
            one.is_granting = False
            self._move()

    async def renew(self, session: Session, fence: int, ttl: int) -> Lease:
        one = self._of(session.org.id, session.id)
        one.lease = self.renewed(session, one.lease, fence, ttl, _now())
        return one.lease

    async def release(self, session: Session, fence: int) -> bool:
        one = self._of(session.org.id, session.id)
        if one.lease is None or one.lease.fence != fence or not one.lease.ends_at:
            return False
        one.lease = replace(one.lease, ends_at=0)
        return True

    async def stored(self, org: Org, session_id: str | None) -> tuple[Sequence[Lease], int]:
        found = [
            one.lease
            for (of_org, session), one in self._all.items()
            if of_org == org.id and one.lease is not None and session_id in (None, session)
        ]
        return found, _now()


def _now() -> int:
    return time.time_ns() // 1000
