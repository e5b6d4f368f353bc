"""Lets in the callers that prove who they are by a bearer token. Health checks need none."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import grpc

from mortise_adapter import fail, health
from mortise_adapter.core import Context, abort
from mortise_adapter.files import Reloaded, Tokens

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"


class Guard(grpc.aio.ServerInterceptor):
    def __init__(self, tokens: Reloaded[Tokens]) -> None:
        self._tokens = tokens

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        found = await continuation(handler_call_details)
        if found is None or self._admits(handler_call_details):
            return found
        return _refusing(found)

    def _admits(self, details: grpc.HandlerCallDetails) -> bool:
        if details.method.startswith(f"/{health.NAME}/"):
            return True
        tokens = self._tokens.get()
        for name, value in details.invocation_metadata:
            if name == "authorization" and isinstance(value, str):
                scheme, _, token = value.partition(" ")
                if scheme.lower() == "bearer" and tokens.has(token.strip()):
                    return True
        return False


def _refusing(found: Handler) -> Handler:
    """A handler of the same shape: another would wait for what the caller never sends."""

    async def refuse(_: Any, context: Context) -> None:
        text = "no known bearer token; send `authorization: Bearer TOKEN`"
        await abort(context, fail.unauthenticated(text).not_applied())

    make: Callable[..., Handler] = grpc.unary_unary_rpc_method_handler
    if found.request_streaming and found.response_streaming:
        make = grpc.stream_stream_rpc_method_handler
    elif found.request_streaming:
        make = grpc.stream_unary_rpc_method_handler
    elif found.response_streaming:
        make = grpc.unary_stream_rpc_method_handler
    return make(refuse)
