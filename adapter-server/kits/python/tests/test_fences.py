"""Leases and the fences that they put on changes."""

from __future__ import annotations

import asyncio
import itertools
import logging
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
from google.rpc.error_details_pb2 import ErrorInfo
from odd import SESSION, Odd, channel, detail

from mortise_adapter import (
    Adapter,
    Change,
    NoSecrets,
    Org,
    ProcessLeases,
    Session,
    SessionStorageStore,
    fail,
    sqlite,
    v1,
)
from mortise_adapter.fences import Fencing, Lease, LeaseClock
from mortise_adapter.testing import Case, Contract
from mortise_adapter.testing.suite import run
from mortise_adapter.v1.adapter_pb2_grpc import AdapterServiceStub
from mortise_adapter.v1.session_lease_pb2_grpc import SessionLeaseServiceStub
from mortise_adapter.v1.session_storage_store_pb2_grpc import SessionStorageStoreServiceStub

FENCED = v1.Feature.FEATURE_FENCED
REFUSED = v1.UnfencedChanges.UNFENCED_CHANGES_REFUSED

contract = Contract(
    [sys.executable, str(Path(__file__).with_name("leased.py"))], ["session_storage_store", "session_lease"]
)


@contract.rules
def test_contract(rule: Case) -> None:
    """Leases and values in one SQLite file keep every rule at level full."""
    rule.check()


def test_leases_in_the_process() -> None:
    """Leases in the process keep their rules, and put their fences on a store that knows
    nothing of them."""
    program = [sys.executable, str(Path(__file__).with_name("leased_in_process.py"))]
    report = run(["--only", "LSE-*", "--", *program])
    assert report.count("failed") == 0 and report.count("passed") > 15, report.log


class Changing(NoSecrets, SessionStorageStore):
    """Counts the changes that have ended."""

    def __init__(self) -> None:
        self.changes = 0
        self.changed = asyncio.Event()

    async def set_value(self, session: Session, change: Change[None], key: str, value: str) -> None:
        # Time for a grant to come in between.
        await asyncio.sleep(0)
        self.changes += 1
        self.changed.set()

    async def get_value(self, session: Session, key: str) -> str | None:
        return None

    async def delete_value(self, session: Session, change: Change[bool], key: str) -> bool:
        return True

    async def list_keys(self, session: Session) -> Sequence[v1.KeyInfo]:
        return ()


async def test_grants_wait_for_changes() -> None:
    """A change that is under way when its lease passes on is over when the grant is answered."""
    store = Changing()
    async with channel(Adapter("leased", "1", store, ProcessLeases())) as opened:
        leases, values = SessionLeaseServiceStub(opened), SessionStorageStoreServiceStub(opened)
        fence = (await leases.AcquireLease(acquiring("one"))).lease.fence

        async def write(under: int) -> None:
            while await reason(values.SetValue(setting(context(under)))) is None:
                pass

        for _ in range(5):
            store.changed.clear()
            writers = [asyncio.ensure_future(write(fence)) for _ in range(8)]
            await store.changed.wait()
            fence = (await leases.AcquireLease(acquiring("one"))).lease.fence
            at = store.changes
            await asyncio.gather(*writers)
            assert store.changes == at


class Kept(Odd):
    """Changes nothing, in a transaction of the database of the leases."""

    def __init__(self, db: sqlite.Database, *features: v1.Feature.ValueType) -> None:
        super().__init__()
        self.features = features
        self._db = db

    async def set_value(self, session: Session, change: Change[None], key: str, value: str) -> None:
        if key != "careless":
            await self._db.execute(change, "SELECT 1")


@asynccontextmanager
async def leased(path: Path, *features: v1.Feature.ValueType, **options: Any) -> AsyncIterator[tuple[Any, Any, Any]]:
    db = sqlite.Database(path / "test.db")
    async with channel(Adapter("leased", "1", Kept(db, *features), sqlite.Leases(db), **options)) as opened:
        yield AdapterServiceStub(opened), SessionLeaseServiceStub(opened), SessionStorageStoreServiceStub(opened)
    db.close()


ids = itertools.count()


def context(fence: int = 0, session: str = SESSION) -> v1.CallContext:
    return v1.CallContext(org_id=1, session_id=session if fence else "", request_id=f"r{next(ids)}", fence=fence)


def acquiring(holder: str) -> v1.AcquireLeaseRequest:
    return v1.AcquireLeaseRequest(
        context=context(), session_id=SESSION, holder=holder, address=f"at {holder}", ttl_ms=60_000
    )


def setting(call: v1.CallContext, key: str = "k") -> v1.SetValueRequest:
    return v1.SetValueRequest(context=call, session_id=SESSION, key=key, value="v")


async def reason(call: Any) -> ErrorInfo | None:
    try:
        await call
    except grpc.aio.AioRpcError as error:
        info: ErrorInfo = detail(error, ErrorInfo)
        return info
    return None


async def test_policy(tmp_path: Path) -> None:
    """Where changes without a fence are refused, only the holder changes a leased session, and
    who is refused hears of the holder."""
    async with leased(tmp_path, FENCED, unfenced_changes=REFUSED) as (adapter, leases, values):
        described = await adapter.Describe(v1.DescribeRequest())
        assert described.unfenced_changes == REFUSED
        assert [list(one.features) for one in described.services if "Storage" in one.name] == [[FENCED]]
        assert await reason(values.SetValue(setting(context()))) is None
        lease = (await leases.AcquireLease(acquiring("one"))).lease
        refused = await reason(values.SetValue(setting(context())))
        assert refused is not None and refused.reason == "FENCED"
        assert dict(refused.metadata) == {"id": SESSION, "holder": "one", "address": "at one"}
        assert await reason(values.SetValue(setting(context(lease.fence)))) is None
        other = context(lease.fence, f"session_{2:032x}")
        assert (await reason(values.SetValue(setting(other)))).reason == "FENCED"  # type: ignore[union-attr]


async def test_without_the_feature(tmp_path: Path) -> None:
    """A store that does not say that it checks fences takes no notice of them."""
    async with leased(tmp_path) as (adapter, leases, values):
        assert (await adapter.Describe(v1.DescribeRequest())).unfenced_changes == 0
        await leases.AcquireLease(acquiring("one"))
        assert await reason(values.SetValue(setting(context(7)))) is None


async def test_careless_store(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A store that says that it checks fences, and does not look, is found out."""
    caplog.set_level(logging.ERROR)
    async with leased(tmp_path, FENCED) as (_, leases, values):
        lease = (await leases.AcquireLease(acquiring("one"))).lease
        await values.SetValue(setting(context(lease.fence), "careful"))
        assert "look at its fence" not in caplog.text
        await values.SetValue(setting(context(lease.fence), "careless"))
        assert "look at its fence" in caplog.text


async def test_followers_do_not_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A follower hears of a grant at this adapter at once, not when it looks next."""
    monkeypatch.setattr("mortise_adapter.leases._LOOK_SECONDS", 3600.0)
    async with leased(tmp_path) as (_, leases, _):
        following = leases.FollowLeases(v1.FollowLeasesRequest(context=context(), session_id=SESSION))
        assert not (await following.read()).HasField("lease")
        await leases.AcquireLease(acquiring("one"))
        async with asyncio.timeout(60):
            assert (await following.read()).lease.holder == "one"


def test_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wall clock that is set back makes no lease longer, and one that is set forward ends it."""
    at = 5_000_000_000
    monkeypatch.setattr("time.monotonic_ns", lambda: at)
    clock, lease = LeaseClock(), Lease(SESSION, 1, 10_000_000, 2_000_000, "one", "")
    assert clock.left(1, lease, 8_000_000) == 2_000_000
    at += 1_500_000_000
    assert clock.left(1, lease, 0) == 500_000
    assert clock.left(2, lease, 0) == 2_000_000, "another org's lease is another"
    assert clock.left(1, lease, 10_000_000) == 0
    at += 500_000_000
    assert clock.left(1, lease, 0) == 0


@pytest.mark.parametrize("back", [10, 3600])
@pytest.mark.parametrize("is_set_before", [True, False])
async def test_renewal_after_the_clock_was_set_back(
    monkeypatch: pytest.MonkeyPatch, back: int, is_set_before: bool
) -> None:
    """A lease ends its ttl after the last renewal, in every process that sees it, also if the
    clock is set back before the renewal or after it. After ten seconds of a clock that is set
    back by ten, the end would be just the one before."""
    seconds, set_by = 1_000, 0
    monkeypatch.setattr("time.monotonic_ns", lambda: seconds * 10**9)
    monkeypatch.setattr("time.time_ns", lambda: (seconds + set_by + 10**9) * 10**9)
    session, leases, other = Session(Org(1, "org_1"), SESSION), ProcessLeases(), LeaseClock()
    change = cast("Change[v1.SessionLease]", None)

    async def is_held() -> bool:
        [lease], now = await leases.stored(session.org, SESSION)
        try:
            await leases.acquire_lease(session, change, "another", "", 60_000)
        except fail.Failure:
            return bool(other.left(1, lease, now))
        return False

    lease = await leases.acquire_lease(session, change, "one", "", 60_000)
    assert await is_held()
    seconds += 10
    set_by -= back if is_set_before else 0
    assert await leases.renew_lease(session, lease.fence, 60_000) == 60_000
    assert await is_held()
    set_by -= 0 if is_set_before else back
    seconds += 55
    assert await is_held(), "renewed and given away"
    seconds += 6
    assert not await is_held(), "longer than its ttl"


def test_fences_have_64_bits() -> None:
    """Fences are 64 bits, and a session that was never leased has none."""
    with pytest.raises(fail.Failure, match="not the highest"):
        Fencing(SESSION, 2**64 - 1).judge({}, 0)
    Fencing(SESSION, 2**64 - 1).judge({SESSION: Lease(SESSION, 2**64 - 1, 0, 0, "", "")}, 0)


def test_feature_without_fenced_methods() -> None:
    """A service without a fenced method cannot say that it checks fences."""

    class Wrong(sqlite.Leases):
        features = (FENCED,)

    with pytest.raises(ValueError, match="has no FEATURE_FENCED"):
        Adapter("wrong", "1", Wrong(sqlite.Database(":memory:")))
