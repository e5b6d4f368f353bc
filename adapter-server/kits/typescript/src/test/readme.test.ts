import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

test("the README shows the example that the suite runs over", async () => {
  const at = (path: string): Promise<string> => readFile(new URL(path, import.meta.url), "utf8");
  const [readme, example] = await Promise.all([at("../../README.md"), at("../../examples/key-value/src/server.ts")]);
  const [, shown] = /```ts\n(import [^]*?)```/.exec(readme) ?? [];
  assert.equal(shown, example.replace("// The values of sessions in SQLite.\n\n", ""));
});
