"""A first adapter without a kit: the key/value store of every session, in an SQLite file.

    python server.py [ADDRESS [GENERATED [DATABASE]]]

It serves one service of the contract, SessionStorageStoreService, and leaves every
other store to another adapter. ADDRESS is 127.0.0.1:7500 or what MORTISE_LISTEN says,
the stubs are written to the folder GENERATED, and the values are kept in the file
DATABASE. Connections are not encrypted: keep it on this machine. Replace the statements
by those of the storage you run.
"""

import os
import re
import signal
import sqlite3
import sys
import threading
import time
from concurrent import futures
from pathlib import Path

import grpc
import grpc_tools
from google.protobuf.any_pb2 import Any
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2 as details
from google.rpc import status_pb2
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_status import rpc_status
from grpc_tools import protoc

# Where the .proto files are: in the checkout that this file is in, unless stated.
PROTO = Path(os.environ.get("MORTISE_PROTO") or Path(__file__).parent / "../../proto/proto").resolve()
GENERATED = Path(sys.argv[2] if len(sys.argv) > 2 else "generated")
DATABASE = sys.argv[3] if len(sys.argv) > 3 else "values.db"

MEMORY_SECONDS = 24 * 60 * 60
# A host has 64 calls under way at once.
CALLS_AT_ONCE = 64
STOP_SECONDS = 20


def generate() -> None:
    """Makes Python stubs of the contract."""
    GENERATED.mkdir(parents=True, exist_ok=True)
    well_known = Path(grpc_tools.__file__).parent / "_proto"
    protos = [str(path) for path in PROTO.rglob("*.proto")]
    if not protos:
        raise SystemExit(f"there is no .proto file in {PROTO}; name the folder proto/proto of a checkout in MORTISE_PROTO")
    arguments = [f"-I{PROTO}", f"-I{well_known}"]
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
                max_message_bytes=4 * 1024 * 1024, request_memory_seconds=MEMORY_SECONDS
            ),
        )


SCHEMA = """
CREATE TABLE IF NOT EXISTS kept (org INTEGER, session TEXT, key TEXT, value TEXT,
    created INTEGER, updated INTEGER, PRIMARY KEY (org, session, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answers (org INTEGER, request TEXT, kind TEXT, answer BLOB,
    expires INTEGER, PRIMARY KEY (org, request));
CREATE INDEX IF NOT EXISTS answers_expiry ON answers (expires);
"""
SET = """INSERT INTO kept VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET value = excluded.value, updated = excluded.updated"""
GET = "SELECT value FROM kept WHERE org = ? AND session = ? AND key = ?"
DELETE = "DELETE FROM kept WHERE org = ? AND session = ? AND key = ?"
LIST = "SELECT key, created, updated FROM kept WHERE org = ? AND session = ? ORDER BY key"


def of_session(request) -> tuple:
    """The org is a part of every key: it is the tenant."""
    return (request.context.org_id, request.session_id)


def timestamp(nanoseconds) -> Timestamp:
    stamp = Timestamp()
    stamp.FromNanoseconds(nanoseconds)
    return stamp


class Storage(storage_grpc.SessionStorageStoreServiceServicer):
    """Values by org, session and key. Secrets are refused until there is a key."""

    def __init__(self, path):
        self.lock = threading.Lock()
        self.db = sqlite3.connect(path, check_same_thread=False)
        self.db.execute("PRAGMA journal_mode = WAL")
        # What was answered survives a loss of power.
        self.db.execute("PRAGMA synchronous = FULL")
        self.db.executescript(SCHEMA)

    def in_transaction(self, context, work):
        """A transaction at a time. That the file cannot be used now is UNAVAILABLE: the
        host sends the call again."""
        try:
            with self.lock, self.db:
                return work()
        except sqlite3.OperationalError as cause:
            print(f"the database cannot be used: {cause}", file=sys.stderr, flush=True)
            code = grpc.StatusCode.UNAVAILABLE
            refuse(context, code, "UNAVAILABLE", "the database cannot be used now; try again")

    def once(self, request, context, change):
        """Does a change once, however often it is sent: its answer is kept for a day
        under the request's id, in the transaction of the change."""
        check(request, context, keyed=True)
        key = (request.context.org_id, request.context.request_id)

        def work():
            now = int(time.time())
            self.db.execute("DELETE FROM answers WHERE expires < ?", (now,))
            query = "SELECT kind, answer FROM answers WHERE org = ? AND request = ?"
            found = self.db.execute(query, key).fetchone()
            if found is None:
                answer = change()
                found = (type(answer).__name__, answer.SerializeToString())
                row = (*key, *found, now + MEMORY_SECONDS)
                self.db.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)", row)
            return found

        kind, answer = self.in_transaction(context, work)
        if kind != type(request).__name__.replace("Request", "Response"):
            code = grpc.StatusCode.INVALID_ARGUMENT
            text = "context.request_id: was used with another method; send a fresh UUID"
            refuse(context, code, "REQUEST_ID_REUSED", text)
        return getattr(storage, kind).FromString(answer)

    def rows(self, request, context, query, *more):
        check(request, context)
        values = (*of_session(request), *more)
        return self.in_transaction(context, lambda: self.db.execute(query, values).fetchall())

    def SetValue(self, request, context):
        def change():
            now = time.time_ns()
            self.db.execute(SET, (*of_session(request), request.key, request.value, now, now))
            print(f"set {request.key}", flush=True)
            return storage.SetValueResponse()

        return self.once(request, context, change)

    def GetValue(self, request, context):
        found = self.rows(request, context, GET, request.key)
        return storage.GetValueResponse(value=found[0][0] if found else None)

    def DeleteValue(self, request, context):
        def change():
            deleted = self.db.execute(DELETE, (*of_session(request), request.key)).rowcount
            return storage.DeleteValueResponse(deleted=deleted == 1)

        return self.once(request, context, change)

    def ListKeys(self, request, context):
        infos = [
            storage.KeyInfo(key=key, created_at=timestamp(created), updated_at=timestamp(updated))
            for key, created, updated in self.rows(request, context, LIST)
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
    address = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("MORTISE_LISTEN", "127.0.0.1:7500")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    # Some beside the calls of stores: for the handshake and health.
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=CALLS_AT_ONCE + 8))
    adapter_pb2_grpc.add_AdapterServiceServicer_to_server(Adapter(), server)
    storage_grpc.add_SessionStorageStoreServiceServicer_to_server(Storage(DATABASE), server)
    healthy = health.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
    port = server.add_insecure_port(address)
    server.start()
    healthy.set("", health_pb2.HealthCheckResponse.SERVING)
    at = address if address.startswith("unix:") else f"http://127.0.0.1:{port}"
    print(f"listening at {at}", flush=True)
    stop.wait()
    # New calls go elsewhere, and those that are under way end.
    healthy.enter_graceful_shutdown()
    server.stop(STOP_SECONDS).wait()


if __name__ == "__main__":
    main()
