"""A first adapter: the key/value store of every session, in a Python dictionary.

It serves one service of the contract, SessionStorageStoreService, and leaves every
other store to another adapter. Replace the dictionaries with the storage you run.
"""

import sys
from concurrent import futures
from pathlib import Path

import grpc
import grpc_tools
from google.protobuf.timestamp_pb2 import Timestamp
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

    def once(self, request, change):
        """Does a change once, however often it is sent: its answer is remembered
        under the request's id. Keep the answers beside the data, for a day."""
        key = (request.context.org_id, request.context.request_id)
        if key not in self.answers:
            self.answers[key] = change()
        return self.answers[key]

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

        return self.once(request, change)

    def GetValue(self, request, context):
        found = self.of_session(request).get(request.key)
        return storage.GetValueResponse(value=found[0] if found else None)

    def DeleteValue(self, request, context):
        def change():
            deleted = self.of_session(request).pop(request.key, None) is not None
            return storage.DeleteValueResponse(deleted=deleted)

        return self.once(request, change)

    def ListKeys(self, request, context):
        infos = [
            storage.KeyInfo(key=key, created_at=created, updated_at=updated)
            for key, (_, created, updated) in sorted(self.of_session(request).items())
        ]
        return storage.ListKeysResponse(keys=infos)

    def SetSecret(self, request, context):
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "Encryption not configured")

    def GetSecret(self, request, context):
        return storage.GetSecretResponse()

    def DeleteSecret(self, request, context):
        return storage.DeleteSecretResponse(deleted=False)

    def ListSecrets(self, request, context):
        return storage.ListSecretsResponse()


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
