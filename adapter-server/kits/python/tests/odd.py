"""A store that goes wrong, and what else the tests of the runtime share."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import grpc
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status

from mortise_adapter import Adapter, Change, NoSecrets, Session, SessionStorageStore, fail, v1
from mortise_adapter.testing import served
from mortise_adapter.v1.session_storage_store_pb2_grpc import SessionStorageStoreServiceStub

SESSION = f"session_{1:032x}"


class AwayError(Exception):
    """What the library of a store raises when the store is away."""


class Odd(NoSecrets, SessionStorageStore):
    """A store whose keys say what goes wrong."""

    def __init__(self) -> None:
        self.changes = 0
        self.began = asyncio.Event()
        self.go_on = asyncio.Event()

    async def set_value(self, session: Session, change: Change[None], key: str, value: str) -> None:
        self.changes += 1
        match key:
            case "odd":
                raise LookupError(f"password={value}")
            case "wrapped":
                raise LookupError(value) from AwayError()
            case "away":
                raise AwayError(value)
            case "refused":
                raise ConnectionRefusedError(111, "refused")
            case "exit":
                sys.exit(f"password={value}")
            case "hang":
                await asyncio.Event().wait()
            case "store":
                raise fail.store("ü" * 5000).not_applied()
            case "later":
                raise fail.unavailable("busy").retry_after(1.5)
            case "slow":
                self.began.set()
                await self.go_on.wait()
        # Time for a second call of the same change to come.
        await asyncio.sleep(0)

    async def get_value(self, session: Session, key: str) -> str | None:
        return None

    async def delete_value(self, session: Session, change: Change[bool], key: str) -> bool:
        return True

    async def list_keys(self, session: Session) -> Sequence[v1.KeyInfo]:
        return ()


def context(request_id: str = "") -> v1.CallContext:
    return v1.CallContext(org_id=1 << 60, request_id=request_id)


def setting(request_id: str, key: str) -> v1.SetValueRequest:
    return v1.SetValueRequest(context=context(request_id), session_id=SESSION, key=key, value="hunter2")


@asynccontextmanager
async def channel(adapter: Adapter, **config: Any) -> AsyncIterator[grpc.aio.Channel]:
    async with served(adapter, **config) as address, grpc.aio.insecure_channel(address) as opened:
        yield opened


@asynccontextmanager
async def values(store: Odd, **options: Any) -> AsyncIterator[Any]:
    async with channel(Adapter("odd", "1", store, **options)) as opened:
        yield SessionStorageStoreServiceStub(opened)


def detail(error: grpc.aio.AioRpcError, kind: type[Message]) -> Any:
    """A detail of an error; None if it has none of the kind."""
    metadata = dict(error.trailing_metadata())
    status = Status.FromString(bytes(metadata["grpc-status-details-bin"]))
    for packed in status.details:
        found = kind()
        if packed.Unpack(found):
            return found
    return None
