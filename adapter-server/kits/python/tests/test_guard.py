"""Who may call: tokens and certificates, which take effect when their files change; the
standard services beside those of the contract."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import HealthStub
from grpc_reflection.v1alpha import reflection_pb2
from odd import AwayError, Odd, channel, setting
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from mortise_adapter import Adapter, Config, v1
from mortise_adapter.testing import served
from mortise_adapter.v1.adapter_pb2_grpc import AdapterServiceStub
from mortise_adapter.v1.session_storage_store_pb2_grpc import SessionStorageStoreServiceStub

Code = grpc.StatusCode
SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


async def eventually(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Asks again and again: a file that is read again sends no notice."""
    async with asyncio.timeout(60):
        while not await is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def health(opened: grpc.aio.Channel) -> Any:
    return HealthStub(opened)


async def described(opened: grpc.aio.Channel, token: str = "") -> Code:
    metadata = (("authorization", f"Bearer {token}"),) if token else ()
    try:
        await AdapterServiceStub(opened).Describe(v1.DescribeRequest(), metadata=metadata, timeout=60)
    except grpc.aio.AioRpcError as error:
        return error.code()
    return Code.OK


async def test_tokens(tmp_path: Path) -> None:
    """Only callers with a token of the file may call; a file that is replaced takes effect;
    health needs no token."""
    file = tmp_path / "tokens"
    file.write_text("first\n")
    async with channel(Adapter("guarded", "1", Odd()), token_file=str(file)) as opened:
        assert await described(opened) is Code.UNAUTHENTICATED
        assert await described(opened, "first") is Code.OK
        assert await described(opened, "second") is Code.UNAUTHENTICATED
        await health(opened).Check(health_pb2.HealthCheckRequest())
        file.write_text("second\n")

        async def second_counts() -> bool:
            return await described(opened, "second") is Code.OK

        await eventually(second_counts)
        assert await described(opened, "first") is Code.UNAUTHENTICATED


class Authority:
    """Signs certificates."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ca")])
        self.pem = self._certificate(self.key, self.name, x509.BasicConstraints(True, None))

    def signed(self, subject: str) -> tuple[bytes, bytes]:
        """A certificate of this subject, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
        address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        pem = self._certificate(key, name, address)
        plain = serialization.NoEncryption()
        form = serialization.PrivateFormat.PKCS8
        return pem, key.private_bytes(serialization.Encoding.PEM, form, plain)

    def _certificate(self, key: ec.EllipticCurvePrivateKey, name: x509.Name, extension: x509.ExtensionType) -> bytes:
        now, hour = datetime.datetime.now(datetime.UTC), datetime.timedelta(hours=1)
        about = x509.CertificateBuilder().subject_name(name).issuer_name(self.name).public_key(key.public_key())
        about = (
            about.serial_number(x509.random_serial_number()).not_valid_before(now - hour).not_valid_after(now + hour)
        )
        signed = about.add_extension(extension, critical=True).sign(self.key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM)


async def test_certificates(tmp_path: Path) -> None:
    """With a CA, only callers with a certificate of it get through; a certificate of the
    adapter that is replaced takes effect for new connections."""
    ca = Authority()
    files = {name: tmp_path / name for name in ("cert", "key", "ca")}

    def place(subject: str) -> None:
        files["cert"].write_bytes((pair := ca.signed(subject))[0])
        files["key"].write_bytes(pair[1])

    place("first")
    files["ca"].write_bytes(ca.pem)
    client_cert, client_key = ca.signed("client")
    adapter, stop = Adapter("guarded", "1", Odd()), asyncio.Event()
    config = Config(
        listen="127.0.0.1:0",
        tls_cert=str(files["cert"]),
        tls_key=str(files["key"]),
        tls_client_ca=str(files["ca"]),
    )
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(adapter.serve(config, stop))
        await adapter.started.wait()
        target = adapter.address.removeprefix("https://")

        @asynccontextmanager
        async def connected(pem: bytes | None, key: bytes | None) -> AsyncIterator[grpc.aio.Channel]:
            # A channel of its own, not one that gRPC shares between equal ones.
            options = (("grpc.use_local_subchannel_pool", 1),)
            credentials = grpc.ssl_channel_credentials(ca.pem, key, pem)
            async with grpc.aio.secure_channel(target, credentials, options) as opened:
                yield opened

        async with connected(client_cert, client_key) as known:
            assert await described(known) is Code.OK
        async with connected(None, None) as unknown:
            assert await described(unknown) is Code.UNAVAILABLE
        place("second")

        async def shows_second() -> bool:
            async with connected(client_cert, client_key) as opened:
                call = AdapterServiceStub(opened).Describe(v1.DescribeRequest())
                await call
            return await subject_of(target, client_cert, client_key, tmp_path) == "second"

        await eventually(shows_second)
        stop.set()


async def subject_of(target: str, pem: bytes, key: bytes, folder: Path) -> str:
    """The subject of the certificate that a server shows."""
    import ssl

    (folder / "client").write_bytes(pem + key)
    settings = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    settings.load_verify_locations(folder / "ca")
    settings.load_cert_chain(folder / "client")
    settings.set_alpn_protocols(["h2"])
    host, _, port = target.rpartition(":")
    _, writer = await asyncio.open_connection(host, int(port), ssl=settings)
    shown = writer.get_extra_info("ssl_object").getpeercert()
    writer.close()
    return str(dict(pair[0] for pair in shown["subject"])["commonName"])


async def test_health_follows_the_store() -> None:
    """Health and the handshake say when the store is away, and when it is back."""
    away = True

    async def ping() -> None:
        if away:
            raise AwayError

    async with channel(Adapter("odd", "1", Odd(), ping=ping)) as opened:
        name = "mortise.adapter.v1.SessionStorageStoreService"
        watching = health(opened).Watch(health_pb2.HealthCheckRequest(service=name))
        assert (await watching.read()).status == NOT_SERVING
        answer = await AdapterServiceStub(opened).Describe(v1.DescribeRequest())
        assert answer.outage and "AwayError" not in answer.outage
        away = False
        assert (await watching.read()).status == SERVING
        with pytest.raises(grpc.aio.AioRpcError, match="NOT_FOUND"):
            await health(opened).Check(health_pb2.HealthCheckRequest(service="other"))


async def test_reflection() -> None:
    """Reflection lists what is offered, under both of its names."""
    async with channel(Adapter("odd", "1", Odd())) as opened:
        for version in ("v1", "v1alpha"):
            call = opened.stream_stream(
                f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
                reflection_pb2.ServerReflectionRequest.SerializeToString,
                reflection_pb2.ServerReflectionResponse.FromString,
            )()
            await call.write(reflection_pb2.ServerReflectionRequest(list_services=""))
            answer = await call.read()
            assert isinstance(answer, reflection_pb2.ServerReflectionResponse)
            listed = [one.name for one in answer.list_services_response.service]
            assert "mortise.adapter.v1.SessionStorageStoreService" in listed
            await call.done_writing()


async def test_traces() -> None:
    """The span of a call is a child of the caller's, as its W3C trace context says."""
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    trace.set_tracer_provider(provider)
    async with channel(Adapter("odd", "1", Odd())) as opened:
        parent = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        await SessionStorageStoreServiceStub(opened).SetValue(setting("traced", "k"), metadata=(parent,))
    [span] = [one for one in spans.get_finished_spans() if one.name.endswith("SetValue")]
    assert span.context is not None and span.context.trace_id == 0x0AF7651916CD43DD8448EB211C80319C
    assert span.parent is not None and span.parent.span_id == 0xB7AD6B7169203331


async def test_sockets(tmp_path: Path) -> None:
    """A socket of a process that is gone is taken over; one that is in use, and a file that is
    no socket, are left alone."""
    async with served(Adapter("first", "1", Odd())) as address:
        with pytest.raises(OSError, match="another process listens"):
            await Adapter("second", "1", Odd()).serve(Config(listen=address), asyncio.Event())
    file = tmp_path / "file"
    file.write_text("kept")
    with pytest.raises(OSError, match="is no socket"):
        await Adapter("second", "1", Odd()).serve(Config(listen=f"unix:{file}"), asyncio.Event())
    assert file.read_text() == "kept" and not stat.S_ISSOCK(file.stat().st_mode)


async def test_pings() -> None:
    """A host may ping as often as it likes: a connection that is closed for it fails every
    call that is under way."""
    settings, ping, away = 4, 6, 7

    def frame(kind: int, payload: bytes = b"") -> bytes:
        return len(payload).to_bytes(3, "big") + bytes([kind, 0]) + bytes(4) + payload

    async with served(Adapter("odd", "1", Odd())) as address:
        reader, writer = await asyncio.open_unix_connection(address.removeprefix("unix:"))
        writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(settings))
        for sent in range(10):
            writer.write(frame(ping, bytes(8)))
            while True:
                head = await reader.readexactly(9)
                await reader.readexactly(int.from_bytes(head[:3], "big"))
                assert head[3] != away, f"the connection is closed after {sent} pings"
                if head[3] == ping and head[4]:
                    break
        writer.close()
