"""What gRPC calls for the methods of a store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from typing import Any

import grpc
from google.protobuf.message import Message

from mortise_adapter import fail
from mortise_adapter.check import Where, check
from mortise_adapter.core import Context, Core, abort
from mortise_adapter.methods import Facts, Method, Shape


def handler(core: Core, facts: Facts, method: Method) -> grpc.RpcMethodHandler[Any, Any]:
    """What gRPC calls for a method."""
    coders = (method.request.FromString, method.answer.SerializeToString)
    match method.shape:
        case Shape.READ:
            return grpc.unary_unary_rpc_method_handler(_read(core, facts, method), *coders)
        case Shape.CHANGE:
            return grpc.unary_unary_rpc_method_handler(_change(core, facts, method), *coders)
        case Shape.STREAM:
            return grpc.unary_stream_rpc_method_handler(_stream(core, facts, method), *coders)
        case Shape.UPLOAD:
            return grpc.stream_unary_rpc_method_handler(_upload(core, facts, method), *coders)


def _read(core: Core, facts: Facts, method: Method) -> Any:
    async def run(request: Any) -> Message:
        return method.wrap(await method.run(request))

    async def read(request: Any, context: Context) -> Message:
        return await core.serve(
            facts, context, request, lambda: core.bounded(run(request), core.limit(facts, context), finish=False)
        )

    return read


def _change(core: Core, facts: Facts, method: Method) -> Any:
    async def change(request: Any, context: Context) -> Message:
        def work() -> Awaitable[Message]:
            made = core.once(facts, method, request, lambda one: method.run(request, one))
            return core.bounded(made, core.limit(facts, context), finish=True)

        return await core.serve(facts, context, request, work)

    return change


def _stream(core: Core, facts: Facts, method: Method) -> Any:
    async def stream(request: Any, context: Context) -> None:
        await core.serve(facts, context, request, lambda: core.pumped(facts, context, method.run(request)))

    return stream


def _upload(core: Core, facts: Facts, method: Method) -> Any:
    rest_of = Where(facts.keyed, False)

    async def rest(messages: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for message in messages:
            check(message, rest_of, False)
            yield message

    async def upload(messages: AsyncIterator[Any], context: Context) -> Message:
        first: Any = await anext(messages, None)
        if first is None:
            problem = "is missing, because the stream is empty; send one message at least"
            await abort(context, fail.invalid_field("context", problem))

        def work() -> Awaitable[Message]:
            made = core.once(facts, method, first, lambda one: method.run(first, one, rest(messages)))
            # The rest of the stream cannot come once its caller is gone.
            return core.bounded(made, core.limit(facts, context), finish=False)

        return await core.serve(facts, context, first, work)

    return upload
