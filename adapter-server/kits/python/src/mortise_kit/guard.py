"""Files that are read again when they change, and callers that prove who they are."""

import hashlib
import hmac
import logging
import os
import time
from collections.abc import Callable
from typing import Generic, TypeVar

import grpc

from . import fail

T = TypeVar("T")

_CHECK_SECONDS = 1.0
_HEALTH = "/grpc.health.v1.Health/"


class Reloaded(Generic[T]):
    """What some files say. If they cannot be read again, their previous content stays in use."""

    def __init__(self, paths: list[str], read: Callable[[], T], log: logging.Logger):
        self._paths, self._read, self._log = paths, read, log
        self._stamps = self._stamp()
        self._checked = time.monotonic()
        self.value = read()

    def _stamp(self) -> list[tuple[int, int]]:
        found = [os.stat(path) for path in self._paths]
        return [(stat.st_mtime_ns, stat.st_size) for stat in found]

    def changed(self) -> bool:
        """Reads the files if they have changed, at most once a second."""
        if time.monotonic() - self._checked < _CHECK_SECONDS:
            return False
        self._checked = time.monotonic()
        try:
            stamps = self._stamp()
            if stamps == self._stamps:
                return False
            self.value, self._stamps = self._read(), stamps
        except (OSError, ValueError) as error:
            self._log.error("a file cannot be read again; its previous content stays in use: %s", error)
            return False
        return True

    def get(self) -> T:
        """What the files say now."""
        self.changed()
        return self.value


def read_tokens(path: str) -> list[bytes]:
    """The digests of the tokens of a file, one a line."""
    with open(path, encoding="utf-8") as file:
        tokens = [hashlib.sha256(line.strip().encode()).digest() for line in file if line.strip()]
    if not tokens:
        raise ValueError(f"{path} holds no token; write one a line")
    return tokens


class TokenGuard(grpc.aio.ServerInterceptor):
    """Lets in the callers that carry a known token. Health checks need none."""

    def __init__(self, tokens: Reloaded[list[bytes]]):
        self._tokens = tokens
        refusal = fail.unauthenticated("no known bearer token; send `authorization: Bearer TOKEN`").status()

        async def refuse(request, context):
            await context.abort_with_status(refusal)

        async def refuse_stream(request, context):
            await context.abort_with_status(refusal)
            yield b""

        self._refuse = {
            (False, False): grpc.unary_unary_rpc_method_handler(refuse),
            (False, True): grpc.unary_stream_rpc_method_handler(refuse_stream),
            (True, False): grpc.stream_unary_rpc_method_handler(refuse),
            (True, True): grpc.stream_stream_rpc_method_handler(refuse_stream),
        }

    async def intercept_service(self, continuation, handler_call_details):
        """As gRPC says."""
        handler = await continuation(handler_call_details)
        if handler is None or handler_call_details.method.startswith(_HEALTH):
            return handler
        for key, value in handler_call_details.invocation_metadata:
            scheme, _, token = value.partition(" ") if key == "authorization" else ("", "", "")
            if scheme.lower() == "bearer" and self._knows(token.strip()):
                return handler
        return self._refuse[handler.request_streaming, handler.response_streaming]

    def _knows(self, token: str) -> bool:
        digest = hashlib.sha256(token.encode()).digest()
        return any([hmac.compare_digest(digest, known) for known in self._tokens.get()])


def credentials(cert: str, key: str, client_ca: str | None, log: logging.Logger) -> grpc.ServerCredentials:
    """TLS with certificates that may be replaced while the adapter runs."""

    def read() -> grpc.ServerCertificateConfiguration:
        def content(path: str) -> bytes:
            with open(path, "rb") as file:
                return file.read()

        roots = content(client_ca) if client_ca else None
        return grpc.ssl_server_certificate_configuration([(content(key), content(cert))], root_certificates=roots)

    held = Reloaded([path for path in (cert, key, client_ca) if path], read, log)
    return grpc.dynamic_ssl_server_credentials(
        held.value, lambda: held.value if held.changed() else None, require_client_authentication=client_ca is not None
    )
