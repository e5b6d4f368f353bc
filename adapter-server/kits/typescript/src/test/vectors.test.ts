// The values that careless servers change, the same for every kit.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { create, fromBinary, toBinary, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { isOpenValue } from "../index.js";
import { CallContextSchema, GetValueResponseSchema, KeyInfoSchema, NewEventSchema, SetSessionStatusRequestSchema } from "../messages.gen.js";

interface Vectors {
  readonly texts: readonly { readonly name: string; readonly text: string }[];
  readonly distinct: readonly { readonly name: string; readonly texts: readonly string[] }[];
  readonly large_texts: readonly { readonly name: string; readonly unit: string; readonly times: number }[];
  readonly org_ids: readonly string[];
  readonly open_values: readonly { readonly name: string; readonly json: string }[];
  readonly refused_open_values: readonly { readonly name: string; readonly json: string }[];
  readonly timestamps: readonly { readonly name: string; readonly seconds: string; readonly nanos: number }[];
  readonly event_types: readonly string[];
  readonly unknown_enum_values: readonly number[];
}

const file = new URL("../../../../../tests/contract/vectors.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8")) as Vectors;

/** What arrives of a message. */
function sent<S extends DescMessage>(schema: S, message: MessageShape<S>): MessageShape<S> {
  return fromBinary(schema, toBinary(schema, message));
}

test("every text arrives, and an empty one is not absent", () => {
  for (const { name, text } of vectors.texts) {
    assert.equal(sent(GetValueResponseSchema, create(GetValueResponseSchema, { value: text })).value, text, name);
  }
  assert.equal(sent(GetValueResponseSchema, create(GetValueResponseSchema)).value, undefined);
});

test("texts that look alike stay apart", () => {
  assert.notEqual(vectors.distinct.length, 0);
  for (const { name, texts } of vectors.distinct) {
    const arrived = new Set(texts.map((key) => sent(KeyInfoSchema, create(KeyInfoSchema, { key })).key));
    assert.ok(texts.length > 1 && arrived.size === texts.length && texts.every((text) => arrived.has(text)), name);
  }
});

test("the largest texts arrive whole", () => {
  assert.notEqual(vectors.large_texts.length, 0);
  for (const { name, unit, times } of vectors.large_texts) {
    const value = unit.repeat(times);
    // The texts are too long to be shown.
    assert.ok(sent(GetValueResponseSchema, create(GetValueResponseSchema, { value })).value === value, name);
  }
});

test("org ids keep 64 bits", () => {
  for (const id of vectors.org_ids) {
    assert.equal(String(sent(CallContextSchema, create(CallContextSchema, { orgId: BigInt(id) })).orgId), id);
  }
});

test("the kit accepts and refuses the open values that the contract accepts and refuses", () => {
  for (const { name, json } of vectors.open_values) {
    assert.ok(isOpenValue(json), name);
    assert.equal(sent(NewEventSchema, create(NewEventSchema, { dataJson: json })).dataJson, json, name);
  }
  for (const { name, json } of vectors.refused_open_values) {
    assert.ok(!isOpenValue(json), name);
  }
});

test("times keep their nanoseconds", () => {
  for (const { name, seconds, nanos } of vectors.timestamps) {
    const { ts } = sent(NewEventSchema, create(NewEventSchema, { ts: { seconds: BigInt(seconds), nanos } }));
    assert.deepEqual([String(ts?.seconds), ts?.nanos], [seconds, nanos], name);
  }
});

test("types and enum values of a later version pass through", () => {
  for (const type of vectors.event_types) {
    assert.equal(sent(NewEventSchema, create(NewEventSchema, { type })).type, type);
  }
  for (const status of vectors.unknown_enum_values) {
    assert.equal(sent(SetSessionStatusRequestSchema, create(SetSessionStatusRequestSchema, { status })).status, status);
  }
});
