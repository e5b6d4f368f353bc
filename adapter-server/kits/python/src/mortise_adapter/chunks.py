"""Long lists as several messages."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import TypeVar

from google.protobuf.message import Message

M = TypeVar("M", bound=Message)

CHUNK_BYTES = 256 * 1024
"""Where a new chunk starts. A message that is larger is a chunk of its own."""


async def chunked(messages: Iterable[M] | AsyncIterable[M], size: int = CHUNK_BYTES) -> AsyncIterator[list[M]]:
    """Lists of messages of at most so many bytes each; none for no message."""
    chunk: list[M] = []
    filled = 0
    async for message in _each(messages):
        weight = message.ByteSize()
        if chunk and filled + weight > size:
            yield chunk
            chunk, filled = [], 0
        chunk.append(message)
        filled += weight
    if chunk:
        yield chunk


async def _each(messages: Iterable[M] | AsyncIterable[M]) -> AsyncIterator[M]:
    if isinstance(messages, AsyncIterable):
        async for message in messages:
            yield message
    else:
        for message in messages:
            yield message
