"""Refuses secrets, as a store without an encryption key must."""

from __future__ import annotations

from collections.abc import Sequence

from mortise_adapter import fail, v1
from mortise_adapter.call import Change, Session


def _no_key() -> fail.Failure:
    # The host's tools look for these words.
    return fail.configuration("Encryption not configured").not_applied()


class NoSecrets:
    """The methods for secrets of a store that keeps none: derive from it before
    SessionStorageStore."""

    async def set_secret(self, session: Session, change: Change[None], name: str, value: str) -> None:
        raise _no_key()

    async def get_secret(self, session: Session, name: str) -> str | None:
        raise _no_key()

    async def delete_secret(self, session: Session, change: Change[bool], name: str) -> bool:
        raise _no_key()

    async def list_secrets(self, session: Session) -> Sequence[v1.SecretInfo]:
        raise _no_key()
