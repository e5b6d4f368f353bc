"""Memories, found by text within their content and tags."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from google.protobuf.timestamp_pb2 import Timestamp

from mortise_adapter import Change, MemoryStore, Org, chunked, fail, v1
from mortise_adapter.postgres import Connection, Database
from mortise_postgres import ids

_LIMIT_STANDARD = 10
_INTEGER_MAX = 2**63 - 1
_BATCH_BYTES = 4 * 1024 * 1024

_DEFAULT = "SELECT * FROM memory_stores WHERE org = $1 AND is_default"
_MAKE_DEFAULT = """
INSERT INTO memory_stores (org, id, org_public_id, name, is_default) VALUES ($1, $2, $3, 'default', TRUE)
ON CONFLICT (org) WHERE is_default DO NOTHING"""
_STORE = "SELECT * FROM memory_stores WHERE org = $1 AND id = $2"
_CREATE = """
INSERT INTO memories (org, id, store, kind, importance, tags, folded, words, memory)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
RETURNING memory, active, created, updated"""
# The index finds words without NUL; the bytes decide.
_MATCHING = """
SELECT id, octet_length(memory) AS size, count(*) OVER () AS total FROM memories
WHERE org = $1 AND active
    AND ($2::uuid IS NULL OR store = $2)
    AND ($3::text IS NULL OR words LIKE $3)
    AND ($4::bytea IS NULL OR EXISTS (SELECT FROM unnest(folded) AS text WHERE position($4 IN text) > 0))
    AND tags @> $5::bytea[]
    AND ($6 = 0 OR kind = $6)
ORDER BY importance DESC, created DESC, number DESC LIMIT $7"""
_THESE = "SELECT id, memory, active, created, updated FROM memories WHERE org = $1 AND id = ANY($2::uuid[])"
_FORGET = """
UPDATE memories SET active = FALSE, updated = greatest(clock_timestamp(), created)
WHERE org = $1 AND store = $2 AND id = $3 AND active RETURNING 1"""
_COUNT = "SELECT count(*) AS count FROM memories WHERE org = $1 AND store = $2 AND active"


class Memories(MemoryStore):
    def __init__(self, database: Database, features: Sequence[v1.Feature.ValueType] = ()) -> None:
        self.features = features
        self._database = database

    async def get_or_create_default_store(
        self, org: Org, change: Change[v1.MemoryStore], org_id: str
    ) -> v1.MemoryStore:
        async def make(connection: Connection) -> v1.MemoryStore:
            await connection.execute(_MAKE_DEFAULT, org.id, ids.new(), org_id)
            row = await connection.fetchrow(_DEFAULT, org.id)
            if row is None:
                raise fail.store("the default store was removed meanwhile").not_applied()
            return _store(row)

        return await self._database.change(change, make)

    async def get_memory_store(self, org: Org, store_id: str) -> v1.MemoryStore | None:
        rows = await self._database.query(_STORE, org.id, ids.uuid_of(store_id))
        return _store(rows[0]) if rows else None

    async def create_memory(self, org: Org, change: Change[v1.Memory], request: v1.CreateMemoryRequest) -> v1.Memory:
        number = ids.new()
        memory = v1.Memory(
            id=ids.id_of("mem", number),
            store_id=request.store_id,
            content=request.content,
            content_parts=request.content_parts,
            kind=request.kind,
            importance=min(max(request.importance, 1), 10),
            tags=request.tags,
        )
        folded = [text.casefold() for text in (request.content, *request.tags)]
        row = (
            memory.kind,
            memory.importance,
            [tag.encode() for tag in request.tags],
            [text.encode() for text in folded],
            _words(folded),
            memory.SerializeToString(),
        )

        async def make(connection: Connection) -> v1.Memory:
            stored = await connection.fetchrow(_CREATE, org.id, number, ids.uuid_of(request.store_id), *row)
            if stored is None:
                raise fail.store("the memory was not stored").not_applied()
            return _memory(stored)

        try:
            return await self._database.change(change, make)
        except asyncpg.ForeignKeyViolationError:
            raise fail.store("memory store not found").not_applied() from None

    async def recall(self, org: Org, request: v1.RecallRequest) -> AsyncIterator[v1.RecallResponse]:
        query = request.query.casefold() if request.HasField("query") else None
        found = await self._database.query(
            _MATCHING,
            org.id,
            ids.uuid_of(request.store_id) if request.HasField("store_id") else None,
            None if query is None else f"%{_literal(_words([query]))}%",
            None if query is None else query.encode(),
            [tag.encode() for tag in request.tags.tags],
            request.kind,
            min(request.limit or _LIMIT_STANDARD, _INTEGER_MAX),
        )
        if not found:
            yield v1.RecallResponse(total=0)
        total = found[0]["total"] if found else 0
        for batch in _batches(found):
            rows = {row["id"]: row for row in await self._database.query(_THESE, org.id, batch)}
            async for chunk in chunked(_memory(rows[one]) for one in batch if one in rows):
                yield v1.RecallResponse(total=total, memories=chunk)

    async def forget(self, org: Org, change: Change[bool], store_id: str, memory_id: str) -> bool:
        async def make(connection: Connection) -> bool:
            one = (org.id, ids.uuid_of(store_id), ids.uuid_of(memory_id))
            return await connection.fetchval(_FORGET, *one) is not None

        return await self._database.change(change, make)

    async def count_active(self, org: Org, store_id: str) -> int:
        rows = await self._database.query(_COUNT, org.id, ids.uuid_of(store_id))
        count: int = rows[0]["count"]
        return count


def _words(texts: Iterable[str]) -> str:
    """Texts as one that PostgreSQL's TEXT can hold. Each text of the query that is within
    one of them is within it as well."""
    return "\n".join(texts).replace("\0", "")


def _literal(text: str) -> str:
    """A text in which LIKE finds nothing special."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _batches(found: Iterable[Any]) -> Iterable[list[UUID]]:
    """Ids of memories that are together small enough to be read at once."""
    batch: list[UUID] = []
    filled = 0
    for row in found:
        if batch and filled + row["size"] > _BATCH_BYTES:
            yield batch
            batch, filled = [], 0
        batch.append(row["id"])
        filled += row["size"]
    if batch:
        yield batch


def _store(row: Any) -> v1.MemoryStore:
    return v1.MemoryStore(
        id=ids.id_of("mst", row["id"]),
        org_id=row["org_public_id"],
        name=row["name"],
        is_default=row["is_default"],
        created_at=_stamp(row["created"]),
    )


def _memory(row: Any) -> v1.Memory:
    memory = v1.Memory.FromString(row["memory"])
    memory.active = row["active"]
    memory.created_at.CopyFrom(_stamp(row["created"]))
    memory.updated_at.CopyFrom(_stamp(row["updated"]))
    return memory


def _stamp(at: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(at)
    return stamp
