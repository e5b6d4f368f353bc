"""Values and leases in the process: the store knows nothing of leases."""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf.timestamp_pb2 import Timestamp

from mortise_adapter import Adapter, Change, NoSecrets, ProcessLeases, Session, SessionStorageStore, v1


class Values(NoSecrets, SessionStorageStore):
    def __init__(self) -> None:
        self.kept: dict[tuple[int, str], dict[str, tuple[str, v1.KeyInfo]]] = {}

    def of(self, session: Session) -> dict[str, tuple[str, v1.KeyInfo]]:
        return self.kept.setdefault((session.org.id, session.id), {})

    async def set_value(self, session: Session, change: Change[None], key: str, value: str) -> None:
        now = Timestamp()
        now.GetCurrentTime()
        before = self.of(session).get(key)
        created = now if before is None else before[1].created_at
        self.of(session)[key] = (value, v1.KeyInfo(key=key, created_at=created, updated_at=now))

    async def get_value(self, session: Session, key: str) -> str | None:
        found = self.of(session).get(key)
        return None if found is None else found[0]

    async def delete_value(self, session: Session, change: Change[bool], key: str) -> bool:
        return self.of(session).pop(key, None) is not None

    async def list_keys(self, session: Session) -> Sequence[v1.KeyInfo]:
        every = self.of(session)
        return [every[key][1] for key in sorted(every, key=str.encode)]


if __name__ == "__main__":
    Adapter("leased", "1", Values(), ProcessLeases()).main()
