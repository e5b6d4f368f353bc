"""The values of sessions in memory, for the bench: on the kit, or with --bare on grpc.aio alone."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence

import grpc
from mortise_adapter import Adapter, Change, Session, SessionStorageStore, v1
from mortise_adapter.no_secrets import NoSecrets
from mortise_adapter.v1 import session_storage_store_pb2_grpc as services

kept: dict[tuple[int, str, str], str] = {}


class OnKit(NoSecrets, SessionStorageStore):
    async def set_value(self, session: Session, change: Change[None], key: str, value: str) -> None:
        kept[session.org.id, session.id, key] = value

    async def get_value(self, session: Session, key: str) -> str | None:
        return kept.get((session.org.id, session.id, key))

    async def delete_value(self, session: Session, change: Change[bool], key: str) -> bool:
        return False

    async def list_keys(self, session: Session) -> Sequence[v1.KeyInfo]:
        return []


class Bare(services.SessionStorageStoreServiceServicer):
    async def SetValue(self, request, context):  # noqa: N802
        kept[request.context.org_id, request.session_id, request.key] = request.value
        return v1.SetValueResponse()

    async def GetValue(self, request, context):  # noqa: N802
        return v1.GetValueResponse(value=kept.get((request.context.org_id, request.session_id, request.key)))


async def bare() -> None:
    server = grpc.aio.server()
    services.add_SessionStorageStoreServiceServicer_to_server(Bare(), server)
    server.add_insecure_port(os.environ["MORTISE_LISTEN"])
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    if "--bare" in sys.argv:
        asyncio.run(bare())
    else:
        Adapter("bench", "0", OnKit()).main()
