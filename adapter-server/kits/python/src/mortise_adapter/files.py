"""Files that are read again when they change: tokens and certificates."""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

import grpc

T = TypeVar("T")

# How long files are taken as unchanged.
_CHECK_SECONDS = 1.0


class Reloaded(Generic[T]):
    """What some files say, read again when one of them has changed. If one cannot be read,
    the previous content stays in use."""

    def __init__(self, paths: Sequence[str], read: Callable[[], T], log: logging.Logger) -> None:
        self._paths = tuple(paths)
        self._read = read
        self._log = log
        self._lock = threading.Lock()
        self._stamps = self._stamp()
        self._checked = time.monotonic()
        self.value = read()

    def _stamp(self) -> tuple[tuple[int, int], ...]:
        found = [os.stat(path) for path in self._paths]
        return tuple((one.st_mtime_ns, one.st_size) for one in found)

    def get(self) -> T:
        """The content. It reads the files again if they have changed."""
        with self._lock:
            if time.monotonic() - self._checked >= _CHECK_SECONDS:
                self._checked = time.monotonic()
                self._renew()
            return self.value

    def _renew(self) -> None:
        try:
            stamps = self._stamp()
            if stamps != self._stamps:
                self.value = self._read()
                self._stamps = stamps
        except (OSError, ValueError) as cause:
            self._log.error("a file cannot be read again; its previous content stays in use: %s", cause)


class Tokens:
    """Bearer tokens, one a line, by their digests."""

    def __init__(self, path: str) -> None:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
        self._digests = [_digest(line.strip()) for line in lines if line.strip()]
        if not self._digests:
            raise ValueError(f"{path} holds no token; write one a line")

    def has(self, token: str) -> bool:
        digest = _digest(token)
        found = [hmac.compare_digest(digest, known) for known in self._digests]
        return any(found)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def server_credentials(cert: str, key: str, client_ca: str, log: logging.Logger) -> grpc.ServerCredentials:
    """TLS with certificates that are read again for new connections when their files have
    changed. With a CA, every caller needs a certificate, for health as well: gRPC for Python
    asks all callers or none."""
    if not cert or not key:
        raise ValueError("TLS needs a certificate and its key as PEM files: give --tls-cert and --tls-key")

    def read() -> grpc.ServerCertificateConfiguration:
        # It refuses what does not fit together; gRPC would refuse every connection later.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
        pair = (Path(key).read_bytes(), Path(cert).read_bytes())
        return grpc.ssl_server_certificate_configuration([pair], Path(client_ca).read_bytes() if client_ca else None)

    held = Reloaded([path for path in (cert, key, client_ca) if path], read, log)
    return grpc.dynamic_ssl_server_credentials(held.value, held.get, require_client_authentication=bool(client_ca))
