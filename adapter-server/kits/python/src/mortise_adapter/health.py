"""The standard health service, which follows the store's ping."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress

import grpc
from grpc_health.v1 import health_pb2

from mortise_adapter.core import Context, Core, abort, stopped

NAME = "grpc.health.v1.Health"
OUTAGE = "the adapter's store does not answer"
Ping = Callable[[], Awaitable[object]]

_EVERY_SECONDS = 1.0
_WITHIN_SECONDS = 2.0

Response = health_pb2.HealthCheckResponse


class Health:
    """Asks the store how it is every second, and at once when a call could not be served."""

    def __init__(self, core: Core, services: Iterable[str], ping: Ping | None) -> None:
        self.outage = ""
        """Why the store cannot be used now; empty if it can."""
        self._core = core
        self._services = frozenset(services) | {""}
        self._ping = ping
        self._ask = asyncio.Event()
        self._changed = asyncio.Event()
        core.troubled = self._ask.set

    async def watch(self) -> None:
        """Looks again and again."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ask.wait(), _EVERY_SECONDS)
            self._ask.clear()
            await self.look()

    async def look(self) -> None:
        """Asks the store how it is."""
        outage = await self._outage()
        if outage == self.outage:
            return
        self.outage = outage
        self.wake()
        if not outage:
            self._core.log.info("the store answers again")

    async def _outage(self) -> str:
        if self._ping is None:
            return ""

        async def asked(ping: Ping) -> None:
            await ping()

        try:
            await self._core.bounded(asked(self._ping), _WITHIN_SECONDS, finish=False)
        except Exception as cause:
            if not self.outage:
                self._core.log.error("the store does not answer: cause=%s: %s", type(cause).__name__, cause)
            return OUTAGE
        return ""

    def wake(self) -> None:
        """Tells those who watch."""
        self._changed.set()
        self._changed = asyncio.Event()

    def handlers(self) -> grpc.GenericRpcHandler:
        coders = (health_pb2.HealthCheckRequest.FromString, Response.SerializeToString)
        return grpc.method_handlers_generic_handler(
            NAME,
            {
                "Check": grpc.unary_unary_rpc_method_handler(self._check, *coders),
                "Watch": grpc.unary_stream_rpc_method_handler(self._follow, *coders),
            },
        )

    def _status(self, name: str) -> int:
        if name not in self._services:
            return Response.SERVICE_UNKNOWN
        ill = self.outage or self._core.stopping.is_set()
        return Response.NOT_SERVING if ill else Response.SERVING

    async def _check(self, request: health_pb2.HealthCheckRequest, context: Context) -> Response:
        status = self._status(request.service)
        if status == Response.SERVICE_UNKNOWN:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"{request.service[:200]!r} is not offered here")
        return Response(status=status)

    async def _follow(self, request: health_pb2.HealthCheckRequest, context: Context) -> None:
        told = None
        while True:
            changed, status = self._changed, self._status(request.service)
            if status != told:
                await context.write(Response(status=status))
                told = status
            if self._core.stopping.is_set():
                await abort(context, stopped())
            await changed.wait()
