import assert from "node:assert/strict";
import { test } from "node:test";
import { create, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf";
import { check } from "../check.js";
import { AdapterError } from "../error.js";
import { isOpenValue, redacted } from "../index.js";
import { CreateImageRequestSchema, EmitRequestSchema, SetSecretRequestSchema, SetValueRequestSchema } from "../messages.gen.js";
import { session, setValue } from "./support/odd.js";

function fieldOf<S extends DescMessage>(schema: S, init: MessageInitShape<S>): string | undefined {
  try {
    check(schema, create(schema, init), { keyed: true, first: true, needsSession: false });
    return undefined;
  } catch (error) {
    assert.ok(error instanceof AdapterError);
    return error.field;
  }
}

test("what a request lacks or breaks is named by its path", () => {
  const context = { orgId: 1n, requestId: "r" };
  const event = { type: "x", ts: { seconds: 1n }, sessionId: session, context: {}, dataJson: "{}" };
  const cases: [string | undefined, string | undefined][] = [
    [fieldOf(SetValueRequestSchema, setValue("r", "k")), undefined],
    [fieldOf(SetValueRequestSchema, {}), "context"],
    [fieldOf(SetValueRequestSchema, { context: {} }), "context.org_id"],
    [fieldOf(SetValueRequestSchema, { context: { orgId: 1n }, sessionId: session }), "context.request_id"],
    [fieldOf(SetValueRequestSchema, { context: { ...context, requestId: "r".repeat(65) }, sessionId: session }), "context.request_id"],
    [fieldOf(SetValueRequestSchema, { context: { ...context, requestId: "\0" }, sessionId: session }), "context.request_id"],
    [fieldOf(SetValueRequestSchema, { context, sessionId: `${session}\n` }), "session_id"],
    [fieldOf(SetValueRequestSchema, { context, sessionId: session.toUpperCase() }), "session_id"],
    [fieldOf(EmitRequestSchema, { context, event }), undefined],
    [fieldOf(EmitRequestSchema, { context }), "event"],
    [fieldOf(EmitRequestSchema, { context, event: { ...event, ts: { seconds: 1n << 50n } } }), "event.ts"],
    [fieldOf(EmitRequestSchema, { context, event: { ...event, dataJson: "{" } }), "event.data_json"],
    [fieldOf(CreateImageRequestSchema, { context }), "part"],
    [fieldOf(CreateImageRequestSchema, { context, part: { case: "chunk", value: new Uint8Array(262145) } }), "chunk"],
    [fieldOf(CreateImageRequestSchema, { context, part: { case: "header", value: { metadataJson: "nope" } } }), "header.metadata_json"],
  ];
  for (const [index, [told, expected]] of cases.entries()) {
    assert.equal(told, expected, `case ${index}`);
  }
});

test("open values are taken as the contract states their grammar", () => {
  const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
  for (const text of [
    "null", '"a\\"b"', "{}", nested(100), "18446744073709551615", "-9223372036854775808", "1.5", "0.1", "-0.0", "1e308",
    "5e-324", '"\\ud83d\\ude00"', '"\\u0000"', '{"a":1,"a":"{[1.00000000000000000000]"}', "1.7976931348623157e308", '"\\\\ud800"',
  ]) {
    assert.ok(isOpenValue(text), text);
  }
  for (const text of [
    "", "{", "nope", nested(101), "18446744073709551616", "-9223372036854775809", "1e309", "1e-400", "0.10000000000000000555",
    '"\\ud800"', '"\\udc00\\ud800"', `1.${"0".repeat(400)}`, "[1] x",
  ]) {
    assert.ok(!isOpenValue(text), text);
  }
});

test("a message is shown in a log without its secrets", () => {
  const shown = redacted(SetSecretRequestSchema, create(SetSecretRequestSchema, { name: "key", value: "hunter2" }));
  assert.ok(shown.includes("key") && !shown.includes("hunter2"), shown);
});
