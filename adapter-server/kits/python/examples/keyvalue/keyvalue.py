"""Keeps the values of sessions in an SQLite file."""

import time

from google.protobuf.timestamp_pb2 import Timestamp

from mortise_adapter import Adapter, Change, NoSecrets, Session, SessionStorageStore, sqlite, v1

TABLE = """CREATE TABLE IF NOT EXISTS kept (org INTEGER, session TEXT, key TEXT, value TEXT, created INTEGER,
    updated INTEGER, PRIMARY KEY (org, session, key))"""
SET = """INSERT INTO kept VALUES (?1, ?2, ?3, ?4, ?5, ?5)
    ON CONFLICT DO UPDATE SET value = excluded.value, updated = max(created, excluded.updated)"""
GET = "SELECT value FROM kept WHERE org = ? AND session = ? AND key = ?"
DELETE = "DELETE FROM kept WHERE org = ? AND session = ? AND key = ?"
LIST = "SELECT key, created, updated FROM kept WHERE org = ? AND session = ? ORDER BY key"


class Values(NoSecrets, SessionStorageStore):
    def __init__(self, db: sqlite.Database) -> None:
        self.db = db

    async def set_value(self, session: Session, change: Change[None], key: str, value: str) -> None:
        await self.db.execute(change, SET, session.org.id, session.id, key, value, time.time_ns())

    async def get_value(self, session: Session, key: str) -> str | None:
        rows = await self.db.query(GET, session.org.id, session.id, key)
        return rows[0][0] if rows else None

    async def delete_value(self, session: Session, change: Change[bool], key: str) -> bool:
        one = (session.org.id, session.id, key)
        return await self.db.change(change, lambda db: db.execute(DELETE, one).rowcount == 1)

    async def list_keys(self, session: Session) -> list[v1.KeyInfo]:
        rows = await self.db.query(LIST, session.org.id, session.id)
        return [v1.KeyInfo(key=key, created_at=at(created), updated_at=at(updated)) for key, created, updated in rows]


def at(nanoseconds: int) -> Timestamp:
    return Timestamp(seconds=nanoseconds // 10**9, nanos=nanoseconds % 10**9)


if __name__ == "__main__":
    db = sqlite.Database("values.db", TABLE)
    Adapter("acme-values", "1.0.0", Values(db), ping=db.ping, unavailable=[sqlite.unavailable]).main()
