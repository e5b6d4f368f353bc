"""The one exception that becomes an error of the contract."""

from datetime import timedelta

import grpc
from google.protobuf.any_pb2 import Any
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

DOMAIN = "mortise.adapter.v1"

# Of a text, that much crosses the wire: it travels in headers.
TEXT_BYTES_MAX = 2 * 1024


class Failure(Exception):
    """An error of the contract. Make one with a function of `fail`."""

    def __init__(self, reason: str, code: grpc.StatusCode, text: str, metadata: dict[str, str]):
        super().__init__(text)
        self.reason = reason
        self.code = code
        self.text = text
        self.metadata = metadata
        self.field: str | None = None
        self.retry: timedelta | None = None

    def not_applied(self) -> "Failure":
        """States that the change did not happen, where the code alone leaves it open."""
        self.metadata["outcome"] = "not_applied"
        return self

    def applied(self) -> "Failure":
        """States that the change happened although the call failed."""
        self.metadata["outcome"] = "applied"
        return self

    def retry_after(self, wait: timedelta) -> "Failure":
        """States after which time the caller may send the call again."""
        self.retry = wait
        return self

    def short(self) -> str:
        """The text as it may travel."""
        raw = self.text.encode("utf-8", "replace")
        if len(raw) <= TEXT_BYTES_MAX:
            return raw.decode()
        suffix = f" ... (cut, {len(raw)} bytes in all)"
        return raw[: TEXT_BYTES_MAX - len(suffix)].decode("utf-8", "ignore") + suffix

    def status(self) -> grpc.Status:
        """The error on the wire."""
        details = [error_details_pb2.ErrorInfo(reason=self.reason, domain=DOMAIN, metadata=self.metadata)]
        if self.field is not None:
            violation = error_details_pb2.BadRequest.FieldViolation(field=self.field, description=self.short())
            details.append(error_details_pb2.BadRequest(field_violations=[violation]))
        if self.retry is not None:
            info = error_details_pb2.RetryInfo()
            info.retry_delay.FromTimedelta(self.retry)
            details.append(info)
        status = status_pb2.Status(code=self.code.value[0], message=self.short())
        for detail in details:
            packed = Any()
            packed.Pack(detail)
            status.details.append(packed)
        return rpc_status.to_status(status)
