"""What a call is about: the org, the session, the change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Generic, NamedTuple, Protocol, TypeVar

from mortise_adapter import fail, v1
from mortise_adapter.fences import NOTHING, Fencing, Lease

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Org:
    """The tenant of a call. What belongs to another org is absent, as if it had never
    existed: make `id` a part of every key."""

    id: int
    """The key of the tenant. All 64 bits count."""
    public_id: str = ""
    """For display; it may be empty."""


@dataclass(frozen=True, slots=True)
class Session:
    """A session that a call acts on, in the org of the call."""

    org: Org
    id: str
    """`session_` and 32 hex digits."""


class Key(NamedTuple):
    """The name of a change."""

    org: int
    request_id: str


class Change(Generic[T]):
    """A change that a caller may send several times under one request_id, and that must
    happen once. T is what the author's method returns.

    A memory (`mortise_adapter.postgres`, `mortise_adapter.sqlite`) takes it and stores the
    answer in the transaction of the change, so that neither exists without the other. If an
    author leaves it alone, the adapter's memory remembers the answer after the change."""

    __slots__ = ("_decode", "_encode", "fencing", "is_judged", "kept", "key", "method")

    def __init__(
        self,
        key: Key,
        method: str,
        encode: Callable[[T], bytes],
        decode: Callable[[bytes], T],
        fencing: Fencing = NOTHING,
    ) -> None:
        self.key = key
        self.method = method
        self.kept = False
        self.fencing = fencing
        """What leases decide of the change. Nothing, unless the store says that it checks
        fences: FEATURE_FENCED among its `features`."""
        self.is_judged = not fencing.sessions
        self._encode = encode
        self._decode = decode

    @property
    def org(self) -> int:
        """The tenant; request ids of two orgs are two."""
        return self.key.org

    @property
    def request_id(self) -> str:
        """What the caller created for this change."""
        return self.key.request_id

    def judge(self, leases: Mapping[str, Lease], now: int) -> None:
        """Raises FENCED unless the leases of `fencing.sessions`, read in the transaction of
        the change and locked until its end, admit it. `now` is the time of the storage.
        `postgres.Database` and `sqlite.Database` do it in `change`."""
        self.is_judged = True
        self.fencing.judge(leases, now)

    def answer(self, value: T) -> bytes:
        """What to store under org and request_id, beside the method, in the transaction of
        the change. The kit then does not remember the answer itself."""
        self.kept = True
        return self._encode(value)

    def again(self, method: str, answer: bytes) -> T:
        """The answer of a change that has happened, from what was stored under its id.
        Raises REQUEST_ID_REUSED if the id belongs to another method."""
        self.kept = True
        # What was applied is answered as it was, whatever its fence.
        self.is_judged = True
        if method != self.method:
            raise fail.request_id_reused(
                f"context.request_id: was used with {method} before {self.method}; send a fresh UUID with every change"
            )
        return self._decode(answer)


class Request(Protocol):
    """Any request of the contract."""

    @property
    def context(self) -> v1.CallContext: ...


class SessionRequest(Request, Protocol):
    """A request that names a session."""

    session_id: str


current: ContextVar[v1.CallContext] = ContextVar("mortise_adapter_call")


def call() -> v1.CallContext:
    """The context of the call that is being served: the caller's turn and session, for
    logs. Empty outside of a call."""
    return current.get(v1.CallContext())


def org_of(request: Request) -> Org:
    context = request.context
    return Org(context.org_id, context.org_public_id)


def session_of(request: SessionRequest) -> Session:
    return Session(org_of(request), request.session_id)
