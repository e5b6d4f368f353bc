"""What an author's methods take beside the fields of a request."""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, NoReturn

from mortise.adapter.v1.context_pb2 import CallContext

from . import fail

_calling: ContextVar[CallContext | None] = ContextVar("mortise_call", default=None)


def calling() -> CallContext:
    """The context of the call that is being served: turn and session of the caller, for logs."""
    return _calling.get() or CallContext()


@dataclass(frozen=True, slots=True)
class Org:
    """The tenant of a call. What belongs to another org is absent: make `id` a part of every key."""

    id: int
    # For display; it may be empty.
    public_id: str


@dataclass(frozen=True, slots=True)
class Session:
    """A session that a call acts on, in the org of the call."""

    org: Org
    # `session_` and 32 hex digits.
    id: str


@dataclass(frozen=True, slots=True)
class Shape:
    """How a call of one method becomes a call of the author's method."""

    name: str
    function: str
    request: Any
    response: Any
    params: tuple[str, ...] = ()
    result: str | None = None
    empty: bool = False
    session: bool = False
    keyed: bool = False
    whole: bool = False
    client_stream: bool = False
    server_stream: bool = False


class NoSecrets:
    """Refuses secrets, as a store without an encryption key must. List it before SessionStorageStore."""

    def _refuse(self) -> NoReturn:
        # The words that the host's tools look for.
        raise fail.configuration("Encryption not configured").not_applied()

    async def set_secret(self, session, change, name, value) -> None:
        """Refuses."""
        self._refuse()

    async def get_secret(self, session, name) -> str | None:
        """Refuses."""
        self._refuse()

    async def delete_secret(self, session, change, name) -> bool:
        """Refuses."""
        self._refuse()

    async def list_secrets(self, session) -> list:
        """Refuses."""
        self._refuse()
