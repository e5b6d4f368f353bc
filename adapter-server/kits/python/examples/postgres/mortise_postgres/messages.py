"""Messages, as events left them behind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from mortise_adapter import MessageRetriever, Session, chunked, v1
from mortise_adapter.postgres import Database
from mortise_postgres import ids

_INTEGER_MAX = 2**63 - 1
_PAGE_ROWS = 256

_GET = "SELECT message FROM events WHERE org = $1 AND session = $2 AND message_id = $3"
_EXTENT = "SELECT count(*) AS matched, coalesce(max(sequence), 0) AS last FROM events WHERE {where}"
_NTH = "SELECT sequence FROM events WHERE {where} ORDER BY sequence OFFSET {n} LIMIT 1"
# A page ends at 4 MiB, since messages may be large.
_READ = """
SELECT sequence, message FROM (
    SELECT sequence, message,
        sum(octet_length(message)) OVER (ORDER BY sequence) - octet_length(message) AS before
    FROM (
        SELECT sequence, message FROM events
        WHERE {where} AND sequence >= {first} AND sequence <= {last} ORDER BY sequence LIMIT {rows}
    ) AS page
) AS weighed
WHERE before < 4194304 ORDER BY sequence"""


class _Chosen:
    """The messages of a session that pass some conditions, as a clause with its values."""

    def __init__(self, session: Session) -> None:
        self.values: list[Any] = [session.org.id, ids.uuid_of(session.id)]
        self.where = "org = $1 AND session = $2 AND message_id IS NOT NULL"

    def add(self, condition: str, *values: Any) -> None:
        """Adds a condition, in which `{}` stands for a value."""
        self.where += " AND " + condition.format(*map(self._number, values))

    def _number(self, value: Any) -> str:
        self.values.append(value)
        return f"${len(self.values)}"

    def statement(self, template: str, **values: int) -> tuple[str, list[Any]]:
        """A statement about these messages, and all of its values."""
        numbers = {name: f"${len(self.values) + at}" for at, name in enumerate(values, 1)}
        return template.format(where=self.where, **numbers), [*self.values, *values.values()]


class Messages(MessageRetriever):
    def __init__(self, database: Database) -> None:
        self._database = database

    async def get_message(self, session: Session, message_id: str) -> v1.Message | None:
        place = (session.org.id, ids.uuid_of(session.id))
        rows = await self._database.query(_GET, *place, ids.uuid_of(message_id))
        return v1.Message.FromString(rows[0]["message"]) if rows else None

    async def load_messages(self, session: Session) -> AsyncIterator[v1.LoadMessagesResponse]:
        async for chunk in chunked(self._window(_Chosen(session), 0, _INTEGER_MAX)):
            yield v1.LoadMessagesResponse(chunk=v1.MessageChunk(messages=chunk))

    async def load_filtered_messages(
        self, session: Session, filters: Sequence[v1.MessageFilter], limit: int | None, offset: int | None
    ) -> AsyncIterator[v1.LoadFilteredMessagesResponse]:
        chosen = _Chosen(session)
        for one in filters:
            _add(chosen, one)
        matched, last = await self._extent(chosen)
        yield v1.LoadFilteredMessagesResponse(matched=matched)
        newest = matched if limit is None else max(limit, 0)
        first = max(offset or 0, matched - newest, 0)
        async for chunk in chunked(self._between(chosen, first, matched - first, last)):
            yield v1.LoadFilteredMessagesResponse(chunk=v1.MessageChunk(messages=chunk))

    async def load_message_page(
        self, session: Session, offset: int, limit: int
    ) -> AsyncIterator[v1.LoadMessagePageResponse]:
        async for chunk in chunked(self._window(_Chosen(session), offset, limit)):
            yield v1.LoadMessagePageResponse(chunk=v1.MessageChunk(messages=chunk))

    async def count_messages(self, session: Session) -> int:
        return (await self._extent(_Chosen(session)))[0]

    async def _extent(self, chosen: _Chosen) -> tuple[int, int]:
        """How many messages there are, and the number of the last one's event."""
        statement, values = chosen.statement(_EXTENT)
        row = (await self._database.query(statement, *values))[0]
        return row["matched"], row["last"]

    async def _window(self, chosen: _Chosen, offset: int, limit: int) -> AsyncIterator[v1.Message]:
        matched, last = await self._extent(chosen)
        async for message in self._between(chosen, offset, min(limit, matched - offset), last):
            yield message

    async def _between(self, chosen: _Chosen, offset: int, count: int, last: int) -> AsyncIterator[v1.Message]:
        """So many messages from a position on. Between its pages it holds no connection."""
        if count <= 0:
            return
        statement, values = chosen.statement(_NTH, n=offset)
        start = await self._database.query(statement, *values)
        first = start[0]["sequence"] if start else last + 1
        while count > 0 and first <= last:
            statement, values = chosen.statement(_READ, first=first, last=last, rows=min(count, _PAGE_ROWS))
            rows = await self._database.query(statement, *values)
            if not rows:
                return
            for row in rows:
                yield v1.Message.FromString(row["message"])
            count -= len(rows)
            first = rows[-1]["sequence"] + 1


def _add(chosen: _Chosen, condition: v1.MessageFilter) -> None:
    match condition.WhichOneof("kind"):
        case "time_range":
            if condition.time_range.HasField("from"):
                # `from` is a word of Python.
                start: Timestamp = getattr(condition.time_range, "from")
                chosen.add("(created_seconds, created_nanos) >= ({}, {})", start.seconds, start.nanos)
            if condition.time_range.HasField("to"):
                end = condition.time_range.to
                chosen.add("(created_seconds, created_nanos) <= ({}, {})", end.seconds, end.nanos)
        case "event_types":
            chosen.add("type = ANY({}::bytea[])", [one.encode() for one in condition.event_types.types])
        case "tool_name":
            chosen.add("tool = {}::bytea", condition.tool_name.encode())
        case "search":
            chosen.add("position({}::bytea IN first_text) > 0", condition.search.casefold().encode())
        case "exclude_ids":
            chosen.add("id <> ALL({}::uuid[])", [ids.uuid_of(one) for one in condition.exclude_ids.ids])
        case "include_ids":
            chosen.add("id = ANY({}::uuid[])", [ids.uuid_of(one) for one in condition.include_ids.ids])
