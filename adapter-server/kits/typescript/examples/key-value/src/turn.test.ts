import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { DatabaseSync } from "@photostructure/sqlite";
import { listening, start, temporaryFolder, turn } from "@mortise/adapter/testing";

test("a turn of the runtime keeps a value in the file", async (t) => {
  const folder = await temporaryFolder(t);
  const [socket, database] = [join(folder, "a.sock"), join(folder, "values.db")];
  const script = fileURLToPath(new URL("server.js", import.meta.url));
  start(t, process.execPath, [script, "--listen", `unix:${socket}`, "--database", database]);
  await listening(socket);
  await turn(t, `unix:${socket}`, "What is 12 times 34?", "session_storage_store");
  const rows = new DatabaseSync(database).prepare("SELECT key, value FROM kv").all() as { key: Uint8Array; value: Uint8Array }[];
  assert.deepEqual(rows.map(({ key, value }) => [Buffer.from(key).toString(), Buffer.from(value).toString()]), [["last_product", "408"]]);
});
