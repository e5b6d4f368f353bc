"""Sockets, TLS, tokens, reflection, stopping: how an adapter is served as a program."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import socket
import stat
import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2

from mortise_adapter import health, telemetry
from mortise_adapter.files import Reloaded, Tokens, server_credentials
from mortise_adapter.guard import Guard

if TYPE_CHECKING:
    from mortise_adapter.adapter import Adapter


@dataclass(frozen=True, slots=True)
class Config:
    """Where and how an adapter is served."""

    listen: str = "127.0.0.1:7500"
    """HOST:PORT or unix:PATH."""
    tls_cert: str = ""
    """PEM file with the adapter's certificates. It and the next two are read again when they
    change."""
    tls_key: str = ""
    """PEM file with its key."""
    tls_client_ca: str = ""
    """PEM file with the CA that signs the certificates of callers; then every caller needs one."""
    token_file: str = ""
    """File with bearer tokens, one a line. It is read again when it changes."""
    drain: float = 30.0
    """How many seconds calls may go on when the adapter is told to stop."""
    otlp: str = ""
    """Address of a collector of traces and metrics, such as http://127.0.0.1:4317."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the kit's arguments, for a program with arguments of its own."""
    plain = Config()
    add = parser.add_argument
    listen = os.environ.get("MORTISE_LISTEN") or plain.listen
    told = "HOST:PORT or unix:PATH, also in MORTISE_LISTEN (default: %(default)s)"
    add("--listen", metavar="ADDRESS", default=listen, help=told)
    add("--tls-cert", metavar="FILE", default="", help="PEM file with the adapter's certificates")
    add("--tls-key", metavar="FILE", default="", help="PEM file with its key")
    add("--tls-client-ca", metavar="FILE", default="", help="PEM file with the CA of callers' certificates")
    add("--token-file", metavar="FILE", default="", help="file with bearer tokens, one a line")
    add("--drain", metavar="SECONDS", type=float, default=plain.drain, help="how long calls go on after SIGTERM")
    add("--otlp", metavar="URL", default="", help="collector of traces and metrics")


def config_of(parsed: argparse.Namespace) -> Config:
    """What the kit's arguments say."""
    return Config(**{field.name: getattr(parsed, field.name) for field in fields(Config)})


def main(adapter: Adapter, argv: Sequence[str] | None = None) -> None:
    """Serves an adapter as a program, and ends the process."""
    parser = argparse.ArgumentParser(prog=adapter.name)
    arguments(parser)
    config = config_of(parser.parse_args(argv))
    log_to_stderr()
    try:
        asyncio.run(adapter.serve(config))
    except (OSError, ValueError) as fault:
        sys.exit(f"{adapter.name}: {fault}")


def log_to_stderr() -> None:
    """The log of a program: a line each, with its time."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


async def serve(adapter: Adapter, config: Config, stop: asyncio.Event | None) -> None:
    flush = telemetry.export(config.otlp, adapter.name, adapter.version) if config.otlp else None
    adapter.core.observed = telemetry.is_on()
    server, address = _server(adapter, config)
    if stop is None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    # The store is asked once before anything is served.
    await adapter.health.look()
    watching = asyncio.create_task(adapter.health.watch())
    try:
        await server.start()
        adapter.address = address
        adapter.started.set()
        adapter.core.log.info("serving: address=%s services=%d", address, len(adapter.services()) - 1)
        await stop.wait()
        await _drain(adapter, server, config.drain)
    finally:
        watching.cancel()
        await server.stop(None)
        if flush is not None:
            await asyncio.to_thread(flush)


async def _drain(adapter: Adapter, server: grpc.aio.Server, seconds: float) -> None:
    adapter.core.log.info("stopping: drain=%gs", seconds)
    adapter.core.stopping.set()
    adapter.health.wake()
    loop = asyncio.get_running_loop()
    ends = loop.time() + seconds
    await server.stop(seconds)
    try:
        await asyncio.wait_for(adapter.core.idle(), max(ends - loop.time(), 0.0))
    except TimeoutError:
        adapter.core.log.warning("calls were cut off: they did not end in time: drain=%gs", seconds)


def _server(adapter: Adapter, config: Config) -> tuple[grpc.aio.Server, str]:
    log = adapter.core.log
    guards: list[grpc.aio.ServerInterceptor] = []
    if config.token_file:
        guards.append(Guard(Reloaded([config.token_file], lambda: Tokens(config.token_file), log)))
    server = grpc.aio.server(
        handlers=adapter.handlers(),
        interceptors=guards,
        options=(
            ("grpc.max_receive_message_length", adapter.message_bytes_max),
            ("grpc.max_send_message_length", -1),
            # Hosts ping while a call is under way and nothing comes. The library's own limit is
            # a ping in five minutes: beyond it the connection is closed, and every call on it
            # fails, just when the store is slow.
            ("grpc.http2.max_ping_strikes", 0),
            # Two adapters on one port would each get some of the calls.
            ("grpc.so_reuseport", 0),
        ),
    )
    _reflect(server, [*adapter.services(), health.NAME])
    target = _target(config.listen)
    try:
        if config.tls_cert or config.tls_key or config.tls_client_ca:
            credentials = server_credentials(config.tls_cert, config.tls_key, config.tls_client_ca, log)
            port = server.add_secure_port(target, credentials)
        else:
            port = server.add_insecure_port(target)
    except RuntimeError as fault:
        raise OSError(f"cannot listen on {config.listen}; give HOST:PORT or unix:PATH: {fault}") from None
    if target.startswith("unix:"):
        return server, target
    scheme = "https" if config.tls_cert else "http"
    return server, f"{scheme}://{target.rpartition(':')[0]}:{port}"


def _reflect(server: grpc.aio.Server, services: Sequence[str]) -> None:
    """Offers reflection under its two names. The library knows the older one; the messages
    of both are the same."""
    newer = reflection.SERVICE_NAME.replace("v1alpha", "v1")
    servicer = reflection.aio.ReflectionServicer([*services, reflection.SERVICE_NAME, newer])
    method = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        reflection_pb2.ServerReflectionRequest.FromString,
        reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    names = (reflection.SERVICE_NAME, newer)
    server.add_generic_rpc_handlers(
        tuple(grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": method}) for name in names)
    )


def _target(listen: str) -> str:
    """The address for gRPC. It removes the file of a unix socket itself, so this looks first
    whether another process listens there."""
    if not listen.startswith("unix:"):
        return listen
    path = listen.removeprefix("unix:").removeprefix("//")
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return f"unix:{path}"
    if not stat.S_ISSOCK(found.st_mode):
        raise OSError(f"{path} is there and is no socket; move it or listen elsewhere")
    with socket.socket(socket.AF_UNIX) as other:
        other.settimeout(1.0)
        if other.connect_ex(path) == 0:
            raise OSError(f"another process listens on unix:{path}")
    return f"unix:{path}"
