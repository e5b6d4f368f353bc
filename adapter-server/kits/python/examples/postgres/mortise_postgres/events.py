"""Events: stored with the messages that they leave behind, read and followed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import asyncpg

from mortise_adapter import Change, EventEmitter, EventLog, Org, Session, chunked, fail, v1
from mortise_adapter.postgres import Connection, Database
from mortise_postgres import ids, message_json
from mortise_postgres.feeds import ANY, Feeds

EPHEMERAL = frozenset(
    {
        "output.message.delta",
        "reason.thinking.delta",
        "tool.output.delta",
        "voice.input_transcript.delta",
        "voice.output_transcript.delta",
    }
)

_INTEGER_MAX = 2**63 - 1
_PAGE_ROWS = 256

# The number and the row in one statement: one round trip while the session is locked.
_STORE = """
WITH head AS (
    INSERT INTO sessions AS s (org, session, last) VALUES ($1, $2, 1)
    ON CONFLICT (org, session) DO UPDATE SET last = s.last + 1
    RETURNING last
)
INSERT INTO events (org, session, sequence, id, type, data, envelope,
    message_id, message, created_seconds, created_nanos, tool, first_text)
SELECT $1, $2, last, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12 FROM head
RETURNING sequence"""

# A page ends at 4 MiB, since events may be large.
_READ = """
SELECT sequence, data, envelope FROM (
    SELECT sequence, data, envelope,
        sum(octet_length(data)) OVER (ORDER BY sequence) - octet_length(data) AS before
    FROM (
        SELECT sequence, data, envelope FROM events
        WHERE org = $1 AND session = $2 AND sequence > $3 AND sequence <= $4
        ORDER BY sequence LIMIT $5
    ) AS page
) AS weighed
WHERE before < 4194304 ORDER BY sequence"""


class Events(EventEmitter, EventLog):
    def __init__(self, database: Database, feeds: Feeds, features: Sequence[v1.Feature.ValueType] = ()) -> None:
        self.features = features
        self._database = database
        self._feeds = feeds

    async def emit(
        self, org: Org, change: Change[v1.EmitResponse], event: v1.NewEvent, proposed_event_id: str
    ) -> v1.EmitResponse:
        number = ids.uuid_of(proposed_event_id) if proposed_event_id else ids.new()
        event_id = ids.id_of("event", number)
        place = (org.id, ids.uuid_of(event.session_id))
        if event.type in EPHEMERAL:
            await self._database.admit(change)
            self._feeds.passed(place, _event(event, event_id, event.data_json))
            change.kept = True
            return v1.EmitResponse(event_id=event_id, sequence=0)
        row = _row(event, event_id)

        async def store(connection: Connection) -> v1.EmitResponse:
            sequence = await connection.fetchval(_STORE, *place, number, *row)
            return v1.EmitResponse(event_id=event_id, sequence=sequence)

        try:
            answer = await self._database.change(change, store)
        except asyncpg.UniqueViolationError as taken:
            raise _taken(taken) from taken
        self._feeds.stored(place, answer.sequence)
        return answer

    async def read_events(
        self, session: Session, after_sequence: int, limit: int
    ) -> AsyncIterator[v1.ReadEventsResponse]:
        async for chunk in chunked(self._read(session, after_sequence, _INTEGER_MAX, limit or _INTEGER_MAX)):
            yield v1.ReadEventsResponse(events=chunk)

    async def follow_events(self, session: Session, after_sequence: int) -> AsyncIterator[v1.FollowEventsResponse]:
        seen = after_sequence
        with self._feeds.following(session) as follower:
            item: int | v1.Event = ANY
            while True:
                if isinstance(item, v1.Event):
                    yield v1.FollowEventsResponse(event=item)
                elif item == ANY or item > seen:
                    async for event in self._read(session, seen, item or _INTEGER_MAX, _INTEGER_MAX):
                        yield v1.FollowEventsResponse(event=event)
                        seen = event.sequence
                item = await follower.next()

    async def _read(self, session: Session, after: int, last: int, limit: int) -> AsyncIterator[v1.Event]:
        """Events after a number up to another. Between its pages it holds no connection, so
        that a slow reader takes none from others."""
        place = (session.org.id, ids.uuid_of(session.id))
        while limit > 0 and after < last:
            rows = await self._database.query(_READ, *place, after, last, min(limit, _PAGE_ROWS))
            if not rows:
                return
            for row in rows:
                event = v1.Event.FromString(row["envelope"])
                event.data_json = row["data"].decode()
                event.sequence = row["sequence"]
                yield event
            limit -= len(rows)
            after = rows[-1]["sequence"]


def _event(event: v1.NewEvent, event_id: str, data: str) -> v1.Event:
    return v1.Event(
        id=event_id,
        type=event.type,
        ts=event.ts,
        session_id=event.session_id,
        context=event.context,
        data_json=data,
        metadata_json=event.metadata_json if event.HasField("metadata_json") else None,
        tags=event.tags if event.HasField("tags") else None,
    )


def _row(event: v1.NewEvent, event_id: str) -> tuple[Any, ...]:
    """The columns of an event after its id."""
    envelope = _event(event, event_id, "").SerializeToString()
    row = (event.type.encode(), event.data_json.encode(), envelope)
    left = message_json.left_by(event, event_id)
    if left is None:
        return (*row, None, None, None, None, None, None)
    message, text = left.message, left.first_text
    return (
        *row,
        ids.uuid_of(message.id),
        message.SerializeToString(),
        message.created_at.seconds,
        message.created_at.nanos,
        None if left.tool is None else left.tool.encode(),
        None if text is None else text.casefold().encode(),
    )


def _taken(violation: asyncpg.UniqueViolationError) -> fail.Failure:
    if violation.constraint_name == "events_id":
        return fail.invalid_field("proposed_event_id", "is the id of another event; send a fresh one, or none")
    return fail.store("the session has a message of this id already").not_applied()
