"""The exception that crosses the wire as an error of the contract."""

from __future__ import annotations

from collections.abc import Mapping

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from mortise_adapter.v1 import ErrorReason

DOMAIN = "mortise.adapter.v1"
"""The domain of every reason."""

TEXT_BYTES_MAX = 2 * 1024
"""How much of a text crosses the wire: it travels in headers."""

_PREFIX = "ERROR_REASON_"
_OUTCOME = "outcome"
_NANOS = 1_000_000_000


class Failure(Exception):  # noqa: N818 (it is what fails, as the contract calls it)
    """An error of the contract: raise it, and the caller gets it as it is."""

    def __init__(
        self,
        reason: ErrorReason.ValueType,
        code: grpc.StatusCode,
        text: str,
        metadata: Mapping[str, str] | None = None,
        field: str = "",
    ) -> None:
        super().__init__(text)
        self.reason = reason
        self.code = code
        self.text = text
        self.metadata = dict(metadata or {})
        self.field = field
        """The path of the field that is wrong, for INVALID_FIELD."""
        self.retry: float | None = None
        """After how many seconds to send the call again."""

    def not_applied(self) -> Failure:
        """States that the change did not happen, where the code alone leaves it open."""
        self.metadata[_OUTCOME] = "not_applied"
        return self

    def applied(self) -> Failure:
        """States that the change happened although the call failed."""
        self.metadata[_OUTCOME] = "applied"
        return self

    def retry_after(self, seconds: float) -> Failure:
        """States after how many seconds the caller may send the call again."""
        self.retry = seconds
        return self

    @property
    def name(self) -> str:
        """The reason as it travels, such as SESSION_NOT_FOUND."""
        return ErrorReason.Name(self.reason).removeprefix(_PREFIX)

    @property
    def number(self) -> int:
        """The number of the gRPC code."""
        number: int = self.code.value[0]
        return number

    @property
    def short(self) -> str:
        """The text as it may travel."""
        raw = self.text.encode("utf-8", "replace")
        if len(raw) <= TEXT_BYTES_MAX:
            return raw.decode()
        suffix = f" ... (cut, {len(raw)} bytes in all)"
        return raw[: TEXT_BYTES_MAX - len(suffix)].decode("utf-8", "ignore") + suffix

    def status(self) -> Status:
        """The error on the wire."""
        details: list[Message] = [ErrorInfo(reason=self.name, domain=DOMAIN, metadata=self.metadata)]
        if self.field:
            violation = BadRequest.FieldViolation(field=self.field, description=self.short)
            details.append(BadRequest(field_violations=[violation]))
        if self.retry is not None:
            seconds, nanos = divmod(round(self.retry * _NANOS), _NANOS)
            details.append(RetryInfo(retry_delay=Duration(seconds=seconds, nanos=nanos)))
        packed = []
        for detail in details:
            one = Any()
            one.Pack(detail)
            packed.append(one)
        return Status(code=self.number, message=self.short, details=packed)


def invalid_field(path: str, problem: str) -> Failure:
    """INVALID_FIELD: a field of the request, by its path, is missing or malformed. Say what
    is wrong and what to send."""
    return Failure(
        ErrorReason.ERROR_REASON_INVALID_FIELD, grpc.StatusCode.INVALID_ARGUMENT, f"{path}: {problem}", field=path
    )


def unauthenticated(text: str) -> Failure:
    """NOT_ALLOWED for a caller that did not prove who it is."""
    return Failure(ErrorReason.ERROR_REASON_NOT_ALLOWED, grpc.StatusCode.UNAUTHENTICATED, text)
