"""The errors of the contract: one function per reason, and `invalid_field`.

The text crosses the wire and is shown to people and models: it must hold no secret.
"""

import grpc

from .failure import Failure
from .reasons import *  # noqa: F403


def invalid_field(path: str, problem: str) -> Failure:
    """A field of the request is missing or malformed. Say what is wrong and what to send."""
    failure = Failure("INVALID_FIELD", grpc.StatusCode.INVALID_ARGUMENT, f"{path}: {problem}", {})
    failure.field = path
    return failure


def unauthenticated(text: str) -> Failure:
    """NOT_ALLOWED for a caller that did not prove who it is."""
    failure = not_allowed(text).not_applied()  # noqa: F405
    failure.code = grpc.StatusCode.UNAUTHENTICATED
    return failure
