"""A first adapter: the key/value store of every session, in a Python dictionary.

It serves one service of the contract, SessionStorageStoreService, and leaves every
other store to another adapter. Replace the dictionaries with the storage you run.
"""

import re
import sys
from concurrent import futures
from pathlib import Path

import grpc
import grpc_tools
from google.protobuf.any_pb2 import Any
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2 as details
from google.rpc import status_pb2
from grpc_status import rpc_status
from grpc_tools import protoc

CONTRACT = Path(__file__).resolve().parents[2] / "proto" / "proto"
GENERATED = Path(sys.argv[2] if len(sys.argv) > 2 else "generated")


def generate() -> None:
    """Makes Python stubs of the contract."""
    GENERATED.mkdir(parents=True, exist_ok=True)
    well_known = Path(grpc_tools.__file__).parent / "_proto"
    protos = [str(path) for path in CONTRACT.rglob("*.proto")]
    arguments = [f"-I{CONTRACT}", f"-I{well_known}"]
    arguments += [f"--python_out={GENERATED}", f"--grpc_python_out={GENERATED}"]
    if protoc.main(["protoc", *arguments, *protos]) != 0:
        raise SystemExit("the contract could not be compiled")
    sys.path.insert(0, str(GENERATED))


generate()
from mortise.adapter.v1 import adapter_pb2, adapter_pb2_grpc  # noqa: E402
from mortise.adapter.v1 import session_storage_store_pb2 as storage  # noqa: E402
from mortise.adapter.v1 import session_storage_store_pb2_grpc as storage_grpc  # noqa: E402


SESSION_ID = re.compile("session_[0-9a-f]{32}")


def refuse(context, code, reason, text, field=None) -> None:
    """Ends a call with an error of the contract: callers read the reason, people the
    text. It travels in headers, so what it quotes must not make it long."""
    text = text[:500]
    parts = [details.ErrorInfo(reason=reason, domain="mortise.adapter.v1")]
    if field:
        violation = details.BadRequest.FieldViolation(field=field, description=text)
        parts.append(details.BadRequest(field_violations=[violation]))
    status = status_pb2.Status(code=code.value[0], message=text)
    for part in parts:
        packed = Any()
        packed.Pack(part)
        status.details.append(packed)
    context.abort_with_status(rpc_status.to_status(status))


def check(request, context, *, keyed=False) -> None:
    """Refuses what the contract forbids, and names the field."""

    def wrong(field, problem):
        refuse(context, grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", f"{field}: {problem}", field)

    request_id = request.context.request_id
    if not request.HasField("context"):
        wrong("context", "is missing; every call has one")
    if request.context.org_id == 0:
        wrong("context.org_id", "is 0; set it to the org's internal id")
    if keyed and not 0 < len(request_id.encode()) <= 64:
        wrong("context.request_id", "is empty or more than 64 bytes; send a UUID")
    if not SESSION_ID.fullmatch(request.session_id):
        wrong("session_id", f"is {request.session_id!r}; send `session_` and 32 lower-case hex digits")


class Adapter(adapter_pb2_grpc.AdapterServiceServicer):
    """The handshake: what this server is and offers."""

    def Describe(self, request, context):
        return adapter_pb2.DescribeResponse(
            server=adapter_pb2.Identity(name="first-adapter", version="1.0"),
            protocol=adapter_pb2.ProtocolRange(min=1, max=1),
            scoping=adapter_pb2.SCOPING_PER_ORG,
            services=[
                adapter_pb2.ServiceOffer(name="mortise.adapter.v1.AdapterService"),
                adapter_pb2.ServiceOffer(name="mortise.adapter.v1.SessionStorageStoreService"),
            ],
            limits=adapter_pb2.Limits(
                max_message_bytes=4 * 1024 * 1024, request_memory_seconds=24 * 60 * 60
            ),
        )


class Storage(storage_grpc.SessionStorageStoreServiceServicer):
    """Values by org, session and key. Secrets are refused until there is a key."""

    def __init__(self):
        self.values = {}
        self.answers = {}

    def once(self, request, context, change):
        """Does a change once, however often it is sent: its answer is remembered
        under the request's id. Keep the answers beside the data, for a day."""
        check(request, context, keyed=True)
        key = (request.context.org_id, request.context.request_id)
        if key not in self.answers:
            self.answers[key] = (type(request), change())
        kind, answer = self.answers[key]
        if kind is not type(request):
            code = grpc.StatusCode.INVALID_ARGUMENT
            text = "context.request_id: was used with another method; send a fresh UUID"
            refuse(context, code, "REQUEST_ID_REUSED", text)
        return answer

    def of_session(self, request):
        return self.values.setdefault((request.context.org_id, request.session_id), {})

    def SetValue(self, request, context):
        def change():
            now = Timestamp()
            now.GetCurrentTime()
            values = self.of_session(request)
            created = values[request.key][1] if request.key in values else now
            values[request.key] = (request.value, created, now)
            print(f"set {request.key}", flush=True)
            return storage.SetValueResponse()

        return self.once(request, context, change)

    def GetValue(self, request, context):
        check(request, context)
        found = self.of_session(request).get(request.key)
        return storage.GetValueResponse(value=found[0] if found else None)

    def DeleteValue(self, request, context):
        def change():
            deleted = self.of_session(request).pop(request.key, None) is not None
            return storage.DeleteValueResponse(deleted=deleted)

        return self.once(request, context, change)

    def ListKeys(self, request, context):
        check(request, context)
        infos = [
            storage.KeyInfo(key=key, created_at=created, updated_at=updated)
            for key, (_, created, updated) in sorted(self.of_session(request).items())
        ]
        return storage.ListKeysResponse(keys=infos)

    def no_secrets(self, request, context, *, keyed=False):
        """The runtime's tools look for these words."""
        check(request, context, keyed=keyed)
        code = grpc.StatusCode.FAILED_PRECONDITION
        refuse(context, code, "CONFIGURATION", "Encryption not configured")

    def SetSecret(self, request, context):
        self.no_secrets(request, context, keyed=True)

    def GetSecret(self, request, context):
        self.no_secrets(request, context)

    def DeleteSecret(self, request, context):
        self.no_secrets(request, context, keyed=True)

    def ListSecrets(self, request, context):
        self.no_secrets(request, context)


def main() -> None:
    address = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:7500"
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=1))
    adapter_pb2_grpc.add_AdapterServiceServicer_to_server(Adapter(), server)
    storage_grpc.add_SessionStorageStoreServiceServicer_to_server(Storage(), server)
    port = server.add_insecure_port(address)
    server.start()
    print(f"listening at http://127.0.0.1:{port}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
