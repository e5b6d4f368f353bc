import assert from "node:assert/strict";
import { test } from "node:test";
import { shown } from "../testing/report.js";

test("a broken rule shows what was sent, and how to send it again where grpcurl can", () => {
  const lines = shown({
    what: "ListKeys", expected: "a", got: "b", exchanges: [
      { method: "ListKeys", sent: "{}", received: "[]", grpcurl: "grpcurl -d {} ListKeys" },
      { method: "EmitStream", sent: "(next)", received: "{}", grpcurl: null },
    ],
  }).split("\n");
  assert.ok(lines.includes("  got       b") && lines.includes("      sent     (next)"), lines.join("\n"));
  assert.deepEqual(lines.filter((line) => line.includes("by hand")), ["      by hand  grpcurl -d {} ListKeys"]);
});
