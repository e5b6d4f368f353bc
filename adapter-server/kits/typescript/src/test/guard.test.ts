import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { connect as tlsConnect } from "node:tls";
import { trace } from "@opentelemetry/api";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { Client, credentials, status } from "@grpc/grpc-js";
import { service as healthService } from "grpc-health-check";
import { Adapter } from "../index.js";
import { AdapterService, SessionStorageStoreService } from "../messages.gen.js";
import { atEnd, connectTo, eventually, run, serve, temporaryFolder } from "../testing/index.js";
import { odd, setValue } from "./support/odd.js";

const quiet = { name: "guarded", version: "1", log: () => undefined };
const describe = AdapterService.method.describe;

/** Writes a certificate that the CA has signed, and its key. */
async function sign(folder: string, name: string, serial: number): Promise<void> {
  const at = (file: string): string => join(folder, file);
  const subject = `/CN=${name}`;
  await writeFile(at("extensions"), "subjectAltName=IP:127.0.0.1\n");
  for (const args of [
    ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", at(`${name}-key.new`), "-out", at("request"), "-subj", subject],
    ["x509", "-req", "-in", at("request"), "-CA", at("ca"), "-CAkey", at("ca-key"), "-set_serial", String(serial), "-days", "2", "-extfile", at("extensions"), "-out", at(`${name}.new`)],
  ]) {
    const { code, output } = await run("openssl", args);
    assert.equal(code, 0, output);
  }
  for (const file of [name, `${name}-key`]) {
    await writeFile(at(file), await readFile(at(`${file}.new`)));
  }
}

test("with a CA and a token file only callers with both may call, health needs neither, and replaced files take effect", async (t) => {
  const folder = await temporaryFolder(t);
  const at = (file: string): string => join(folder, file);
  const { code, output } = await run("openssl", [
    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", at("ca-key"), "-out", at("ca"), "-subj", "/CN=ca", "-days", "2",
  ]);
  assert.equal(code, 0, output);
  await sign(folder, "server", 2);
  await sign(folder, "client", 3);
  await writeFile(at("tokens"), "first\n");
  const serving = await new Adapter({ ...quiet, offers: { sessionStorageStore: odd() } }).serve({
    listen: "127.0.0.1:0", tlsCert: at("server"), tlsKey: at("server-key"), tlsClientCa: at("ca"), tokenFile: at("tokens"), drainMs: 1000,
  });
  atEnd(t, () => serving.stop());
  const ca = await readFile(at("ca"));
  const known = connectTo(t, serving.address, credentials.createSsl(ca, await readFile(at("client-key")), await readFile(at("client"))));
  const unknown = connectTo(t, serving.address, credentials.createSsl(ca));
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  await known.call(describe, {}, bearer("first"));
  assert.equal((await unknown.failure(describe, {}, bearer("first"))).code, status.UNAUTHENTICATED);
  assert.equal((await known.failure(describe, {}, bearer("second"))).code, status.UNAUTHENTICATED);
  await checkHealth(unknown.client);

  await writeFile(at("tokens"), "second\n");
  await sign(folder, "server", 4);
  await eventually("the second token counts", () => known.call(describe, {}, bearer("second")).then(() => true, () => false));
  assert.equal((await known.failure(describe, {}, bearer("first"))).code, status.UNAUTHENTICATED);
  await eventually("a new connection sees the new certificate", async () => (await serialOf(serving.address, ca)) === "04");
});

function checkHealth(client: Client): Promise<void> {
  const { path, requestSerialize, responseDeserialize } = healthService["Check"] ?? assert.fail();
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { service: "" }, (error) => (error === null ? resolve() : reject(error)));
  });
}

function serialOf(address: string, ca: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = tlsConnect({ host: "127.0.0.1", port: Number(address.split(":").at(-1)), ca, ALPNProtocols: ["h2"] });
    socket.once("secureConnect", () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
    socket.once("error", reject);
  });
}

test("the span of a call is a child of the caller's, as its W3C trace context says", async (t) => {
  const spans = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }));
  const values = connectTo(t, await serve(t, { ...quiet, offers: { sessionStorageStore: odd() } }));
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  await values.call(SessionStorageStoreService.method.setValue, setValue("traced", "k"), { traceparent });
  await eventually("a span is a child of the caller's", () => spans.getFinishedSpans().some((span) =>
    span.parentSpanContext?.spanId === "b7ad6b7169203331" && span.spanContext().traceId === "0af7651916cd43dd8448eb211c80319c"));
});
