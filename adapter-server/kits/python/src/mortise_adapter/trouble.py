"""What an author's method raised, as an error of the contract."""

from __future__ import annotations

import asyncio
import socket
import traceback
from collections.abc import Callable, Sequence

from google.protobuf.message import Message

from mortise_adapter import fail
from mortise_adapter.redact import scrubbed

Says = type[BaseException] | Callable[[BaseException], bool]
"""A class of exceptions, or a function that looks at one."""

# What Python itself raises for a store that cannot be reached.
_KNOWN = (ConnectionError, asyncio.IncompleteReadError, socket.gaierror)


class SlowError(Exception):
    """The store did not answer in time."""


class EndedError(Exception):
    """An author's method tried to end the process."""


def is_unavailable(cause: BaseException, declared: Sequence[Says]) -> bool:
    """Whether an exception, or the cause that it names, says that the store cannot answer
    now."""
    if isinstance(cause, BaseExceptionGroup):
        return all(is_unavailable(one, declared) for one in cause.exceptions)
    if isinstance(cause, _KNOWN) or any(_says(one, cause) for one in declared):
        return True
    return cause.__cause__ is not None and is_unavailable(cause.__cause__, declared)


def _says(one: Says, cause: BaseException) -> bool:
    if isinstance(one, type):
        return isinstance(cause, one)
    return one(cause)


def refusal(cause: BaseException, declared: Sequence[Says]) -> fail.Failure:
    """The error of the contract for what an author's method raised."""
    if isinstance(cause, fail.Failure):
        return cause
    if is_unavailable(cause, declared):
        return fail.unavailable("the store cannot answer now")
    if isinstance(cause, (SlowError, TimeoutError, asyncio.CancelledError)):
        return fail.unavailable("the store did not answer in time")
    return fail.internal("the adapter failed; its log has the cause")


def told(cause: BaseException, request: Message, *, at_length: bool) -> str:
    """An exception for the log, without the request's secrets; at length with where it was
    raised."""
    if at_length:
        return "\n" + scrubbed("".join(traceback.format_exception(cause)).rstrip(), request)
    return " cause=" + scrubbed("".join(traceback.format_exception_only(cause)).strip(), request)
