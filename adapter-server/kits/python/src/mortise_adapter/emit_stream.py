"""EmitStream over the author's `emit`, so that a request_id of both methods is the same
change."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import grpc

from mortise_adapter import trouble, v1
from mortise_adapter.check import check
from mortise_adapter.core import Context, Core, abort, stopped
from mortise_adapter.methods import Facts, Method, facts

SERVICE = "mortise.adapter.v1.EventEmitterService"


def handler(core: Core, emit: Method) -> grpc.RpcMethodHandler[Any, Any]:
    """What gRPC calls for EmitStream."""
    stream, single = facts(SERVICE, "EmitStream"), facts(SERVICE, "Emit")

    async def emit_stream(_: Any, context: Context) -> None:
        # A caller waits for the headers before it sends its first event.
        await context.send_initial_metadata(())
        stopping = asyncio.ensure_future(core.stopping.wait())
        try:
            while (event := await _next(context, stopping)) is not None:
                answer = await _answer(core, stream, single, emit, context, event)
                await context.write(answer)
        finally:
            stopping.cancel()

    return grpc.stream_stream_rpc_method_handler(
        emit_stream, v1.EmitStreamRequest.FromString, v1.EmitStreamResponse.SerializeToString
    )


async def _next(context: Context, stopping: asyncio.Future[Any]) -> v1.EmitStreamRequest | None:
    """The next event; None after the last."""
    reading = asyncio.ensure_future(context.read())
    try:
        await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        if not reading.done():
            reading.cancel()
    if not reading.done():
        await abort(context, stopped())
    event = reading.result()
    return event if isinstance(event, v1.EmitStreamRequest) else None


async def _answer(
    core: Core, stream: Facts, single: Facts, emit: Method, context: Context, event: v1.EmitStreamRequest
) -> v1.EmitStreamResponse:
    """The answer to one event. UNAVAILABLE ends the stream: the store cannot answer now, and
    the order must be kept."""
    answer = v1.EmitStreamResponse(request_id=event.context.request_id)
    request = v1.EmitRequest(
        context=event.context if event.HasField("context") else None,
        event=event.event if event.HasField("event") else None,
        proposed_event_id=event.proposed_event_id,
    )

    async def work() -> Any:
        began = time.perf_counter()
        try:
            check(request, single.only, False)
            made = core.once(single, emit, request, lambda one: emit.run(request, one))
            stored: Any = await core.bounded(made, core.call_seconds or None, finish=True)
        except Exception as cause:
            failure = trouble.refusal(cause, core.unavailable)
            if failure.reason == v1.ErrorReason.ERROR_REASON_UNAVAILABLE:
                raise
            core.tell(stream, context, request, cause, failure, time.perf_counter() - began)
            answer.failure.CopyFrom(
                v1.EmitFailure(
                    code=failure.number, reason=failure.name, message=failure.short, metadata=failure.metadata
                )
            )
        else:
            answer.ack.CopyFrom(v1.EmitAck(event_id=stored.event_id, sequence=stored.sequence))

    served: Callable[[], Awaitable[Any]] = work
    await core.serve(stream, context, event, served, check_first=False)
    return answer
