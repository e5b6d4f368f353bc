"""An adapter: stores, and what is common to them."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Iterable, Sequence
from typing import Any

import grpc

from mortise_adapter import emit_stream, fail, v1
from mortise_adapter.core import Core, abort
from mortise_adapter.handlers import handler
from mortise_adapter.health import Health, Ping
from mortise_adapter.memory import MEMORY_SECONDS, Memory, ProcessMemory
from mortise_adapter.methods import Service, facts
from mortise_adapter.serve import Config, main, serve
from mortise_adapter.stores import SERVICES
from mortise_adapter.trouble import Says

PROTOCOL = 1
"""The version of the protocol that this kit speaks."""
HANDSHAKE = "mortise.adapter.v1.AdapterService"
MESSAGE_BYTES_MAX = 32 * 1024 * 1024
CALL_SECONDS = 8.0


class Adapter:
    """What a program offers: each store is an object of one of the classes in
    `mortise_adapter.stores`, or of several.

    ping: how to ask the store whether it can answer; health follows it.
    unavailable: exceptions of the store's library that mean that it cannot answer now, or
        functions that say so of an exception. Callers then send the call again.
    memory: remembers answers that no transaction stores.
    call_seconds: how long the store may take for a call; less than callers go on trying.
    message_bytes_max: the largest request.
    scoping: SCOPING_SHARED says that the store keeps no orgs apart; for one tenant only.
    platform_base_url: the address of the web console.
    unfenced_changes: what becomes of changes without a fence while their session is leased,
        where a store checks fences.

    Raises ValueError if nothing is offered, something twice, or something incomplete."""

    def __init__(
        self,
        name: str,
        version: str,
        *stores: object,
        ping: Ping | None = None,
        unavailable: Iterable[Says] = (),
        memory: Memory | None = None,
        call_seconds: float = CALL_SECONDS,
        message_bytes_max: int = MESSAGE_BYTES_MAX,
        scoping: v1.Scoping.ValueType = v1.Scoping.SCOPING_PER_ORG,
        platform_base_url: str = "",
        unfenced_changes: v1.UnfencedChanges.ValueType = v1.UnfencedChanges.UNFENCED_CHANGES_EXCEPT_TURN_EVENTS,
        log: logging.Logger | None = None,
    ) -> None:
        self.name = name
        self.version = version
        self.message_bytes_max = message_bytes_max
        self._scoping = scoping
        self._platform_base_url = platform_base_url
        self.core = Core(
            memory or ProcessMemory(),
            tuple(unavailable),
            log or logging.getLogger("mortise_adapter"),
            call_seconds,
        )
        self.core.unfenced_changes = unfenced_changes
        faults = [] if name and version else ["name or version is empty; the handshake tells both"]
        self._offers: dict[str, tuple[Service, object]] = {}
        for store in stores:
            faults += self._offer(store)
        self.core.fenced = frozenset(name for name, offer in self._offers.items() if _is_fenced(*offer))
        if not stores:
            faults.append("nothing is offered; pass a store, such as an object of a SessionStorageStore")
        if faults:
            raise ValueError(f"the adapter cannot start: {'; '.join(faults)}")
        self.started = asyncio.Event()
        """Set when calls are served."""
        self.address = ""
        """Where, once it is started."""
        self.health = Health(self.core, self.services(), ping)

    def _offer(self, store: object) -> list[str]:
        kind = type(store).__name__
        if isinstance(store, type):
            return [f"{store.__name__} is a class; pass an object of it"]
        found = [service for service in SERVICES if isinstance(store, service.kind)]
        if not found:
            return [f"{kind} is no store; derive it from a class of mortise_adapter.stores"]
        faults = [f"{service.name} is offered twice" for service in found if service.name in self._offers]
        known = frozenset[v1.Feature.ValueType]().union(*(service.features for service in found))
        for feature in features_of(store):
            if feature not in known:
                faults.append(f"{kind} has no {v1.Feature.Name(feature)}")
        for service in found:
            faults += _incomplete(service, store)
            self._offers[service.name] = (service, store)
        return faults

    def services(self) -> list[str]:
        """The names of what is offered, the handshake included."""
        return [HANDSHAKE, *sorted(self._offers)]

    def describe(self) -> v1.DescribeResponse:
        """The handshake."""
        offers = [v1.ServiceOffer(name=HANDSHAKE)]
        for name in self.services()[1:]:
            service, store = self._offers[name]
            features = set(features_of(store)) & service.features
            if name == emit_stream.SERVICE:
                # The kit serves the stream over `emit`.
                features.add(v1.Feature.FEATURE_EMIT_STREAM)
            offers.append(v1.ServiceOffer(name=name, features=sorted(features)))
        return v1.DescribeResponse(
            server=v1.Identity(name=self.name, version=self.version),
            protocol=v1.ProtocolRange(min=PROTOCOL, max=PROTOCOL),
            scoping=self._scoping,
            services=offers,
            limits=v1.Limits(max_message_bytes=self.message_bytes_max, request_memory_seconds=MEMORY_SECONDS),
            platform_base_url=self._platform_base_url,
            outage=self.health.outage,
            unfenced_changes=self.core.unfenced_changes
            if self.core.fenced
            else v1.UnfencedChanges.UNFENCED_CHANGES_UNSPECIFIED,
        )

    def handlers(self) -> list[grpc.GenericRpcHandler]:
        """All that the server answers, the most called first."""
        every = []
        for name, (service, store) in self._offers.items():
            methods = service.methods(store)
            table = {method: handler(self.core, facts(name, method), how) for method, how in methods.items()}
            if name == emit_stream.SERVICE:
                table["EmitStream"] = emit_stream.handler(self.core, methods["Emit"])
            every.append(grpc.method_handlers_generic_handler(name, table))
        every.append(grpc.method_handlers_generic_handler(HANDSHAKE, {"Describe": self._handshake()}))
        return [*every, self.health.handlers(), _NotOffered()]

    def _handshake(self) -> grpc.RpcMethodHandler[Any, Any]:
        async def describe(request: v1.DescribeRequest, context: object) -> v1.DescribeResponse:
            return self.describe()

        return grpc.unary_unary_rpc_method_handler(
            describe, v1.DescribeRequest.FromString, v1.DescribeResponse.SerializeToString
        )

    async def serve(self, config: Config | None = None, stop: asyncio.Event | None = None) -> None:
        """Serves until SIGTERM or SIGINT, or until `stop` is set; then takes no new calls,
        ends its open streams, finishes the calls that it has, and returns."""
        await serve(self, config or Config(), stop)

    def main(self) -> None:
        """Serves as a program: reads the arguments, serves until SIGTERM or SIGINT, and ends
        the process."""
        main(self)


def features_of(store: object) -> Sequence[v1.Feature.ValueType]:
    """What a store offers beyond its plain methods, by its attribute `features`."""
    features: Sequence[v1.Feature.ValueType] = getattr(store, "features", ())
    return features


def _is_fenced(service: Service, store: object) -> bool:
    return v1.Feature.FEATURE_FENCED in set(features_of(store)) & service.features


def _incomplete(service: Service, store: object) -> list[str]:
    """Methods that are there but cannot be called as the kit calls them."""
    faults = []
    for name in vars(service.kind):
        plain = vars(service.kind)[name]
        if not getattr(plain, "__isabstractmethod__", False):
            continue
        own = inspect.unwrap(getattr(store, name))
        streams = not inspect.iscoroutinefunction(plain)
        if streams and inspect.iscoroutinefunction(own):
            faults.append(f"{type(store).__name__}.{name} returns one answer; yield answers instead")
        elif not streams and not inspect.iscoroutinefunction(own):
            faults.append(f"{type(store).__name__}.{name} is not `async def`")
    return faults


class _NotOffered(grpc.GenericRpcHandler):
    """Answers calls of the contract that the adapter does not offer."""

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        name = handler_call_details.method.lstrip("/")
        if not name.startswith(fail.DOMAIN + "."):
            return None

        async def refuse(_: Any, context: Any) -> None:
            text = f"this adapter does not offer {name[:200]}; Describe lists what it offers"
            await abort(context, fail.not_offered(text))

        # A stream each way takes calls of every shape.
        return grpc.stream_stream_rpc_method_handler(refuse)
