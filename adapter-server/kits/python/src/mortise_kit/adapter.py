"""An adapter: what it offers, and how it is served."""

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

import grpc
from google.protobuf import descriptor_pool
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from mortise.adapter.v1 import adapter_pb2

from .calls import Calls, Core, EmitStream
from .change import MEMORY_SECONDS, Memory
from .guard import Reloaded, TokenGuard, credentials, read_tokens

_ADAPTER = "mortise.adapter.v1.AdapterService"
_EMITTER = "mortise.adapter.v1.EventEmitterService"

# The version of the protocol that this kit speaks.
_PROTOCOL = 1

_PING_SECONDS = 1.0

Check = Callable[[], Awaitable[Any]]


class Adapter:
    """Serves stores. `name` and `version` are what the handshake tells.

    ping: asks the store whether it can answer; health follows it.
    setup: prepares the store, such as its tables; it is tried until it succeeds.
    memory: remembers the answers that no transaction stores.
    call_seconds: how long the store may take; callers go on trying for longer.
    shared: the store keeps no orgs apart; for a single tenant only.
    """

    def __init__(
        self,
        name: str,
        version: str,
        *,
        ping: Check | None = None,
        setup: Check | None = None,
        memory: Memory | None = None,
        call_seconds: float = 8.0,
        max_message_bytes: int = 32 * 1024 * 1024,
        shared: bool = False,
        log: logging.Logger | None = None,
    ):
        if not name or not version:
            raise ValueError("name or version is empty; the handshake tells both")
        self._name, self._version = name, version
        self._ping, self._setup = ping, setup
        self._max_message_bytes = max_message_bytes
        self._shared = shared
        self._stores: dict[str, Any] = {}
        self._features: dict[str, list[int]] = {}
        self._unavailable: list[type[BaseException]] = []
        self._unavailable_if: list[Callable[[BaseException], bool]] = []
        self._memory, self._call_seconds = memory, call_seconds
        self._log = log or logging.getLogger("mortise_kit")
        self._outage = ""

    def offer(self, store: Any, *features: str) -> "Adapter":
        """Offers a store, with what it does beyond its plain methods."""
        for feature in features:
            if feature not in store.FEATURES:
                raise ValueError(f"{store.SERVICE} has no {feature}")
        if store.SERVICE in self._stores:
            raise ValueError(f"{store.SERVICE} is offered twice")
        named = {*features, "FEATURE_EMIT_STREAM"} if store.SERVICE == _EMITTER else set(features)
        self._stores[store.SERVICE] = store
        self._features[store.SERVICE] = sorted(map(adapter_pb2.Feature.Value, named))
        return self

    def unavailable_on(self, *errors: type[BaseException]) -> "Adapter":
        """Declares which exceptions mean that the store cannot answer now. The caller then sends the
        call again; every other exception is final for it."""
        self._unavailable += errors
        return self

    def unavailable_if(self, says: Callable[[BaseException], bool]) -> "Adapter":
        """As unavailable_on, for exceptions of which the class does not say it."""
        self._unavailable_if.append(says)
        return self

    def main(self, arguments: list[str] | None = None) -> NoReturn:
        """Serves as a program: reads the arguments, serves until SIGTERM, and exits."""
        logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
        options = self.parser().parse_args(arguments)
        try:
            asyncio.run(self.serve(options))
        except (OSError, ValueError, RuntimeError) as error:
            sys.exit(f"{self._name}: {error}")
        sys.exit(0)

    def parser(self) -> argparse.ArgumentParser:
        """The kit's arguments, for a program with arguments of its own."""
        parser = argparse.ArgumentParser(prog=self._name)
        parser.add_argument("--listen", default="127.0.0.1:7500", help="HOST:PORT or unix:PATH")
        parser.add_argument("--tls-cert", help="PEM file with the adapter's certificates")
        parser.add_argument("--tls-key", help="PEM file with its key")
        parser.add_argument("--tls-client-ca", help="PEM file with the CA that signs the certificates of callers")
        parser.add_argument("--token-file", help="file with bearer tokens, one a line")
        parser.add_argument("--otlp", help="URL of a collector of traces")
        parser.add_argument("--drain", type=float, default=30.0, help="seconds that calls may go on after SIGTERM")
        return parser

    async def serve(self, options: argparse.Namespace, started: Callable[[str], None] | None = None) -> None:
        """Serves until the process is told to stop, or the task is cancelled. Then it takes no new
        calls, ends its open streams and finishes the calls that it has."""
        if not self._stores:
            raise ValueError("nothing is offered; call Adapter.offer(store)")
        core = self._core()
        server, probe, tracer = self._server(core, options)
        address = self._bind(server, options)
        await self._prepare(core, probe)
        await server.start()
        self._log.info("serving: address=%s services=%d", address, len(self._stores))
        if started:
            started(address)
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT) if started is None else ():
            loop.add_signal_handler(number, stop.set)
        watch = asyncio.create_task(self._watch(core, probe))
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({stopped, watch}, return_when=asyncio.FIRST_COMPLETED)
            if watch.done():
                watch.result()
        finally:
            stopped.cancel()
            watch.cancel()
            self._log.info("stopping")
            await probe.enter_graceful_shutdown()
            core.stopping.set()
            await server.stop(options.drain)
            if tracer is not None:
                tracer.provider.shutdown()

    def _core(self) -> Core:
        core = Core(self._log)
        core.unavailable, core.unavailable_if = tuple(self._unavailable), self._unavailable_if
        core.call_seconds = self._call_seconds
        core.memory = self._memory or core.memory
        core.ready = self._setup is None
        return core

    def _server(self, core: Core, options: argparse.Namespace) -> tuple[grpc.aio.Server, Any, Any]:
        interceptors: list[Any] = []
        tracer = None
        if options.otlp:
            from .telemetry import Tracer

            tracer = Tracer(self._name, self._version, options.otlp)
            interceptors.append(tracer)
        if options.token_file:
            path = options.token_file
            interceptors.append(TokenGuard(Reloaded([path], lambda: read_tokens(path), self._log)))
        server = grpc.aio.server(
            interceptors=interceptors,
            options=[
                ("grpc.max_receive_message_length", self._max_message_bytes),
                ("grpc.max_send_message_length", -1),
                ("grpc.so_reuseport", 0),
            ],
        )
        handlers = {_ADAPTER: {"Describe": self._describe_handler()}}
        for name, store in self._stores.items():
            service = descriptor_pool.Default().FindServiceByName(name)
            calls = {shape.name: Calls(core, store, shape, service) for shape in store.SHAPES}
            handlers[name] = {method: call.handler() for method, call in calls.items()}
            if name == _EMITTER:
                handlers[name]["EmitStream"] = EmitStream(calls["Emit"]).handler()
        for name, methods in handlers.items():
            server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, methods),))
        probe = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(probe, server)
        reflection.enable_server_reflection([*handlers, reflection.SERVICE_NAME, health.SERVICE_NAME], server)
        return server, probe, tracer

    def _bind(self, server: grpc.aio.Server, options: argparse.Namespace) -> str:
        if options.tls_cert or options.tls_key or options.tls_client_ca:
            if not (options.tls_cert and options.tls_key):
                raise ValueError("TLS needs both --tls-cert and --tls-key")
            own = credentials(options.tls_cert, options.tls_key, options.tls_client_ca, self._log)
            port = server.add_secure_port(options.listen, own)
        else:
            port = server.add_insecure_port(options.listen)
        if options.listen.startswith("unix:"):
            return options.listen
        return f"{options.listen.rpartition(':')[0]}:{port}"

    def _describe_handler(self) -> grpc.RpcMethodHandler:
        services = [adapter_pb2.ServiceOffer(name=_ADAPTER)]
        services += [
            adapter_pb2.ServiceOffer(name=name, features=self._features[name]) for name in sorted(self._stores)
        ]
        scoping = adapter_pb2.SCOPING_SHARED if self._shared else adapter_pb2.SCOPING_PER_ORG

        async def describe(request, context):
            return adapter_pb2.DescribeResponse(
                server=adapter_pb2.Identity(name=self._name, version=self._version),
                protocol=adapter_pb2.ProtocolRange(min=_PROTOCOL, max=_PROTOCOL),
                scoping=scoping,
                services=services,
                limits=adapter_pb2.Limits(
                    max_message_bytes=self._max_message_bytes, request_memory_seconds=MEMORY_SECONDS
                ),
                outage=self._outage,
            )

        return grpc.unary_unary_rpc_method_handler(
            describe,
            request_deserializer=adapter_pb2.DescribeRequest.FromString,
            response_serializer=adapter_pb2.DescribeResponse.SerializeToString,
        )

    async def _watch(self, core: Core, probe: Any) -> None:
        while True:
            try:
                async with asyncio.timeout(_PING_SECONDS):
                    await core.troubled.wait()
                core.troubled.clear()
            except TimeoutError:
                pass
            await self._prepare(core, probe)
            # A store that is away is not asked more often because calls fail.
            await asyncio.sleep(_PING_SECONDS / 10)

    async def _prepare(self, core: Core, probe: Any) -> None:
        """Prepares the store if it is not yet, and asks it how it is."""
        outage = ""
        try:
            async with asyncio.timeout(10):
                if not core.ready and self._setup is not None:
                    await self._setup()
                    core.ready = True
                if self._ping is not None:
                    await self._ping()
        except Exception as error:  # noqa: BLE001 Whatever an author's code raises.
            if not core.ready and not core.is_unavailable(error):
                raise RuntimeError(f"the store cannot be set up: {type(error).__name__}: {error}") from error
            outage = "the adapter's store does not answer"
            if not self._outage:
                self._log.error("the store does not answer: cause=%s: %s", type(error).__name__, error)
        if self._outage and not outage:
            self._log.info("the store answers again")
        self._outage = outage
        kinds = health_pb2.HealthCheckResponse
        status = kinds.NOT_SERVING if outage else kinds.SERVING
        for name in ("", _ADAPTER, *self._stores):
            await probe.set(name, status)
