import assert from "node:assert/strict";
import { once } from "node:events";
import { test, type TestContext } from "node:test";
import { create } from "@bufbuild/protobuf";
import { Client, credentials, loadPackageDefinition, status } from "@grpc/grpc-js";
import { service as healthService } from "grpc-health-check";
import { loadSync } from "@grpc/proto-loader";
import { Adapter, fail, type EventEmitter, type SessionStorageStore } from "../index.js";
import {
  AdapterService, EmitStreamRequestSchema, EventEmitterService, Feature, SessionStorageStoreService, SessionStoreService,
} from "../messages.gen.js";
import { atEnd, connectTo, eventually, reasonOf, serve } from "../testing/index.js";
import { Away, odd, session, setValue } from "./support/odd.js";

const set = SessionStorageStoreService.method.setValue;
const quiet = { name: "under-test", version: "0", log: () => undefined };

test("whatever a method throws becomes an error of the contract, nothing of it leaks, and the process goes on", async (t) => {
  const lines: string[] = [];
  const address = await serve(t, {
    ...quiet,
    offers: { sessionStorageStore: odd() },
    unavailableOn: (error) => error instanceof Error && error.cause instanceof Away,
    log: (level, message, about) => void lines.push(JSON.stringify([level, message, about], (_, value: unknown) => (typeof value === "bigint" ? String(value) : value))),
  });
  const values = connectTo(t, address);
  for (const [key, code, reason] of [
    ["throw", status.INTERNAL, "INTERNAL"], ["text", status.INTERNAL, "INTERNAL"], ["store", status.INTERNAL, "STORE"],
    ["away", status.UNAVAILABLE, "UNAVAILABLE"], ["refused", status.UNAVAILABLE, "UNAVAILABLE"],
    ["later", status.UNAVAILABLE, "UNAVAILABLE"],
  ] as const) {
    const error = await values.failure(set, setValue(key, key));
    const info = reasonOf(error);
    assert.deepEqual([error.code, info.reason, info.domain], [code, reason, "mortise.adapter.v1"], key);
    assert.ok(!/hunter2|TypeError/.test(error.details) && Buffer.byteLength(error.details) <= 2048, error.details);
    assert.equal(info.metadata["outcome"], key === "store" ? "not_applied" : undefined, key);
  }
  await values.call(set, setValue("fine", "fine"));
  const log = lines.join("\n");
  assert.ok(log.includes("password=") && !log.includes("hunter2"), log);
});

test("a change happens once, though it is sent eight times at once; an error is not remembered; the id of another method is refused", async (t) => {
  const store = odd();
  const values = connectTo(t, await serve(t, { ...quiet, offers: { sessionStorageStore: store } }));
  await Promise.all(Array.from({ length: 8 }, () => values.call(set, setValue("same", "k"))));
  assert.equal(store.changes, 1);
  const other = await values.failure(SessionStorageStoreService.method.deleteValue, { context: { orgId: 1n << 60n, requestId: "same" }, sessionId: session, key: "k" });
  assert.equal(reasonOf(other).reason, "REQUEST_ID_REUSED");
  await values.failure(set, setValue("again", "throw"));
  await values.failure(set, setValue("again", "throw"));
  assert.equal(store.changes, 3);
});

test("a change that hangs is unavailable when its time is up, and if it goes on is answered as it ended", async (t) => {
  const store = odd();
  const values = connectTo(t, await serve(t, { ...quiet, offers: { sessionStorageStore: store }, callMs: 50 }));
  const hung = await values.failure(set, setValue("slow", "hang"));
  assert.deepEqual([hung.code, reasonOf(hung).reason], [status.UNAVAILABLE, "UNAVAILABLE"]);
  await eventually("it is answered in time", () => values.call(set, setValue("slow", "hang")).then(() => true, () => false));
  assert.equal(store.changes, 1);
});

test("an adapter that lacks something does not start, and says what", () => {
  const store = odd();
  const { setValue: _, ...partial } = store;
  for (const [offers, features, expected] of [
    [{}, {}, /nothing is offered/],
    [{ sessionStorageStore: partial as unknown as SessionStorageStore }, {}, /sessionStorageStore has no method setValue/],
    [{ sessionStorageStore: null as unknown as SessionStorageStore }, {}, /has no method/],
    [{ sessionStorageStore: store }, { sessionStorageStore: [Feature.TURN_SNAPSHOT] }, /has no feature TURN_SNAPSHOT/],
  ] as const) {
    assert.throws(() => new Adapter({ ...quiet, offers, features }), expected);
  }
});

test("a service that is not offered is unimplemented; a missing field and a text that is not UTF-8 are refused", async (t) => {
  const values = connectTo(t, await serve(t, { ...quiet, offers: { sessionStorageStore: odd() } }));
  const absent = await values.failure(SessionStoreService.method.getSession, { context: { orgId: 1n }, sessionId: session });
  assert.equal(absent.code, status.UNIMPLEMENTED);
  const missing = await values.failure(set, { context: { orgId: 1n, requestId: "r" }, key: "k" });
  assert.equal(missing.code, status.INVALID_ARGUMENT);
  assert.equal(missing.details, 'session_id: is ""; send `session_` and 32 lower-case hex digits');
  assert.equal(reasonOf(missing).reason, "INVALID_FIELD");
  await assert.rejects(new Promise((resolve, reject) => {
    const bytes = (): Buffer => Buffer.from([0x1a, 1, 0xff]);
    values.client.makeUnaryRequest(`/${set.parent.typeName}/SetValue`, bytes, (raw) => raw, null, (error, raw) => (error === null ? resolve(raw) : reject(error)));
  }));
});

test("a caller may send the path of a unix socket as its authority, as clients on gRPC's C core do", async (t) => {
  const address = await serve(t, { ...quiet, offers: { sessionStorageStore: odd() } });
  const client = new Client(address, credentials.createInsecure(), { "grpc.default_authority": encodeURIComponent(address.slice("unix:/".length)) });
  atEnd(t, () => client.close());
  await new Promise<void>((resolve, reject) => {
    client.makeUnaryRequest(`/${AdapterService.typeName}/Describe`, () => Buffer.alloc(0), (raw) => raw, null, (error) => (error === null ? resolve() : reject(error)));
  });
});

test("the stream acknowledges in order, answers a refused event without ending, makes an event once, and ends where the store is away", async (t) => {
  let sequence = 0n;
  const emitter: EventEmitter = {
    emit: ({ event }) => {
      if (event?.type === "refused") {
        throw fail.sessionNotFound("session_x", "no such session");
      }
      if (event?.type === "away") {
        throw fail.unavailable("away");
      }
      sequence += 1n;
      return { eventId: `event_${String(sequence).padStart(32, "0")}`, sequence };
    },
  };
  const connection = connectTo(t, await serve(t, { ...quiet, offers: { eventEmitter: emitter } }));
  const described = await connection.call(AdapterService.method.describe, {});
  assert.deepEqual(described.services[1]?.features, [Feature.EMIT_STREAM]);
  const stream = connection.open(EventEmitterService.method.emitStream);
  await once(stream, "metadata");
  const answers = stream[Symbol.asyncIterator]();
  const told: string[] = [];
  for (const [requestId, type] of [["a", "x"], ["b", "refused"], ["", "x"], ["a", "x"], ["c", "x"]]) {
    stream.write(create(EmitStreamRequestSchema, {
      context: { orgId: 1n, requestId: requestId ?? "" },
      event: { type: type ?? "", ts: { seconds: 1n }, sessionId: session, context: {}, dataJson: "{}" },
    }));
    const { value } = await answers.next();
    const { outcome } = value as { outcome: { case: string; value: { sequence?: bigint; reason?: string } } };
    told.push(`${(value as { requestId: string }).requestId} ${outcome.value.sequence ?? outcome.value.reason}`);
  }
  assert.deepEqual(told, ["a 1", "b SESSION_NOT_FOUND", " INVALID_FIELD", "a 1", "c 2"]);
  stream.write(create(EmitStreamRequestSchema, {
    context: { orgId: 1n, requestId: "d" }, event: { type: "away", ts: { seconds: 1n }, sessionId: session, context: {}, dataJson: "{}" },
  }));
  await assert.rejects(answers.next(), (error: { code?: number }) => error.code === status.UNAVAILABLE);
});

/** What health says, one status after the other, until the stream ends. */
function watchHealth(t: TestContext, address: string): { next(): Promise<string>; ended: Promise<unknown> } {
  const client = new Client(address, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = healthService["Watch"] ?? assert.fail();
  const stream = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, { service: "" });
  atEnd(t, () => client.close());
  const told: string[] = [];
  stream.on("data", (answer: { status: string }) => told.push(answer.status));
  const ended = new Promise((resolve) => stream.once("end", resolve).once("error", resolve));
  const next = async (): Promise<string> => {
    await eventually("health says something", () => told.length > 0);
    return told.shift() ?? "";
  };
  return { next, ended };
}

test("health follows the store, and the handshake says that it is away", async (t) => {
  let isAway = false;
  const address = await serve(t, {
    ...quiet,
    offers: { sessionStorageStore: odd() },
    ping: () => {
      if (isAway) {
        throw new Error("away");
      }
    },
  });
  const health = watchHealth(t, address);
  const connection = connectTo(t, address);
  assert.equal(await health.next(), "SERVING");
  isAway = true;
  assert.equal(await health.next(), "NOT_SERVING");
  assert.notEqual((await connection.call(AdapterService.method.describe, {})).outage, "");
  isAway = false;
  assert.equal(await health.next(), "SERVING");
});

test("an adapter that is told to stop finishes the call that it has, ends open streams, and then ends", async (t) => {
  const store = odd();
  let goOn = (): void => undefined;
  const began = new Promise<void>((isBegun) => {
    store.setValue = () => {
      isBegun();
      return new Promise<void>((resolve) => (goOn = resolve));
    };
  });
  const serving = await new Adapter({ ...quiet, offers: { sessionStorageStore: store } }).serve({ listen: "127.0.0.1:0", drainMs: 60_000 });
  const health = watchHealth(t, serving.address);
  assert.equal(await health.next(), "SERVING");
  const answered = connectTo(t, serving.address).call(set, setValue("r", "k"));
  await began;
  let hasEnded = false;
  const ended = serving.stop().then(() => (hasEnded = true));
  await health.ended;
  assert.equal(hasEnded, false);
  goOn();
  await answered;
  await ended;
});

test("reflection lists what is offered, and has its files", async (t) => {
  const address = await serve(t, { ...quiet, offers: { sessionStorageStore: odd() } });
  const proto = new URL("../../node_modules/@grpc/reflection/build/proto/grpc/reflection/v1/reflection.proto", import.meta.url);
  const loaded = loadPackageDefinition(loadSync(proto.pathname)) as any;
  const client = new loaded.grpc.reflection.v1.ServerReflection(address, credentials.createInsecure());
  atEnd(t, () => client.close());
  const stream = client.ServerReflectionInfo();
  const answers = stream[Symbol.asyncIterator]();
  stream.write({ listServices: "" });
  const listed = (await answers.next()).value.listServicesResponse.service.map((one: { name: string }) => one.name);
  assert.deepEqual(listed.sort(), [AdapterService.typeName, SessionStorageStoreService.typeName].sort());
  stream.write({ fileContainingSymbol: SessionStorageStoreService.typeName });
  assert.ok((await answers.next()).value.fileDescriptorResponse.fileDescriptorProto.length > 1);
  stream.end();
  await eventually("the stream ends", () => stream.readableEnded || answers.next().then((one: IteratorResult<unknown>) => one.done));
});
