"""Answers that need not be kept are deleted by the kit."""

import sqlite3
from pathlib import Path

import pytest
from odd import Odd, setting, values

from mortise_adapter import Change, Session, sqlite

OLD = "INSERT INTO mortise_answers (org, request_id, method, expires_at) VALUES (1, 'old', 'm', 1)"


class Kept(Odd):
    """Makes its changes in a database."""

    def __init__(self, db: sqlite.Database) -> None:
        super().__init__()
        self._db = db

    async def set_value(self, session: Session, change: Change[None], key: str, value: str) -> None:
        await self._db.execute(change, "SELECT 1")


async def test_old_answers_are_deleted_hourly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the first change and then once an hour; others stay."""
    path = tmp_path / "test.db"
    db = sqlite.Database(path)

    def kept(insert: str = "SELECT 1") -> list[str]:
        with sqlite3.connect(path) as other:
            other.execute(insert)
            return [row[0] for row in other.execute("SELECT request_id FROM mortise_answers ORDER BY request_id")]

    assert kept(OLD) == ["old"]
    async with values(Kept(db)) as client:
        await client.SetValue(setting("one", "k"))
        assert kept() == ["one"]
        kept(OLD)
        await client.SetValue(setting("two", "k"))
        assert kept() == ["old", "one", "two"]
        monkeypatch.setattr(sqlite, "_FORGET_EVERY_SECONDS", 0.0)
        await client.SetValue(setting("three", "k"))
        assert kept() == ["one", "three", "two"]
    db.close()
