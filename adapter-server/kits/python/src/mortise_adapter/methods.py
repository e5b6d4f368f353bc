"""How the generated tables describe methods: which request, which answer, and how an
author's method is called."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

from google.protobuf import descriptor_pool
from google.protobuf.message import Message

from mortise_adapter.call import Change
from mortise_adapter.check import Where
from mortise_adapter.v1 import Deadline, Effect, Feature, Fencing
from mortise_adapter.v1 import options_pb2 as options

Q = TypeVar("Q", bound=Message)
A = TypeVar("A", bound=Message)
T = TypeVar("T")


class Shape(Enum):
    """What crosses the wire, and whether the answer is remembered."""

    READ = "read"
    CHANGE = "change"
    STREAM = "stream"
    UPLOAD = "upload"


@dataclass(frozen=True, slots=True)
class Method:
    """A method of a store that is offered. Its types were checked where it was made."""

    shape: Shape
    request: type[Message]
    answer: type[Message]
    run: Callable[..., Any]
    wrap: Callable[[Any], Message]
    unwrap: Callable[[Any], Any]


def reading(request: type[Q], answer: type[A], run: Callable[[Q], Awaitable[T]], wrap: Callable[[T], A]) -> Method:
    """A method that changes nothing, or whose change may happen again."""
    return Method(Shape.READ, request, answer, run, wrap, _same)


def changing(
    request: type[Q],
    answer: type[A],
    run: Callable[[Q, Change[T]], Awaitable[T]],
    wrap: Callable[[T], A],
    unwrap: Callable[[A], T],
) -> Method:
    """A change that happens once under its request_id."""
    return Method(Shape.CHANGE, request, answer, run, wrap, unwrap)


def streaming(request: type[Q], answer: type[A], run: Callable[[Q], AsyncIterator[A]]) -> Method:
    """A method whose answer comes in several messages."""
    return Method(Shape.STREAM, request, answer, run, _same, _same)


def uploading(
    request: type[Q],
    answer: type[A],
    run: Callable[[Q, Change[T], AsyncIterator[Q]], Awaitable[T]],
    wrap: Callable[[T], A],
    unwrap: Callable[[A], T],
) -> Method:
    """A change that comes in several messages."""
    return Method(Shape.UPLOAD, request, answer, run, wrap, unwrap)


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class Service:
    """A service of the contract, and the class that an author implements for it."""

    name: str
    kind: type[Any]
    methods: Callable[[Any], Mapping[str, Method]]
    features: frozenset[Feature.ValueType]


def service(
    name: str, kind: type[Any], methods: Callable[[Any], Mapping[str, Method]], *features: Feature.ValueType
) -> Service:
    return Service(name, kind, methods, frozenset(features))


@dataclass(frozen=True, slots=True)
class Facts:
    """What the contract says of one method."""

    full: str
    """Such as mortise.adapter.v1.SessionStorageStoreService/SetValue."""
    keyed: bool
    only: Where
    """Where the only message of a call stands."""
    needs_session: bool
    """Every request names a session in its context."""
    long: bool
    """The server waits for a third party, so the call may take long."""
    open: bool
    """The answer is a stream that may be silent for any time."""
    fencing: Fencing.ValueType
    """Whether it takes notice of fences, in a service that checks them."""

    @property
    def service(self) -> str:
        return self.full.partition("/")[0]


def facts(service_name: str, method_name: str) -> Facts:
    """What the options of the contract state of a method."""
    described = descriptor_pool.Default().FindServiceByName(service_name)
    semantics = described.methods_by_name[method_name].GetOptions().Extensions[options.semantics]
    keyed = semantics.effect == Effect.EFFECT_KEYED
    store = described.GetOptions().Extensions[options.store]
    return Facts(
        full=f"{service_name}/{method_name}",
        keyed=keyed,
        only=Where(keyed, True),
        needs_session=store.session_in_context,
        long=semantics.deadline == Deadline.DEADLINE_LONG,
        open=semantics.deadline == Deadline.DEADLINE_OPEN,
        fencing=semantics.fencing,
    )
