import assert from "node:assert/strict";
import { renameSync } from "node:fs";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { SessionFileSystemService } from "@mortise/adapter/messages";
import { connectTo, program, run, serve, temporaryFolder } from "@mortise/adapter/testing";
import { adapterOver } from "./adapter.js";
import { Directory, isAway } from "./directory.js";

const script = fileURLToPath(new URL("server.js", import.meta.url));

/** Calls as a host does: again, while the storage is too slow. */
async function patiently<T>(call: () => Promise<T>): Promise<T> {
  for (let left = 10; ; left--) {
    try {
      return await call();
    } catch (error) {
      if (left === 0 || !String(error).includes("UNAVAILABLE")) {
        throw error;
      }
    }
  }
}

async function made(t: TestContext): Promise<string> {
  const directory = join(await temporaryFolder(t), "data");
  await Directory.create(directory);
  return directory;
}

test("in a directory, the program keeps every rule of the contract, also when it is killed and when the directory is away", async (t) => {
  const directory = await made(t);
  await program(t, {
    script,
    args: ["--directory", directory],
    outage: `mv ${directory} ${directory}.away`,
    recover: `mv ${directory}.away ${directory}`,
  });
});

test("two adapters over one directory lose no change and make none twice", async (t) => {
  const directory = await made(t);
  const started = [0, 1].map(async () => connectTo(t, await serve(t, adapterOver(await Directory.open(directory), isAway, () => undefined))));
  const both = (await Promise.all(started)).map((one) => ({ call: ((method, request) => patiently(() => one.call(method, request))) as typeof one.call }));
  const { writeFile, writeFileIfContentMatches, listDirectory } = SessionFileSystemService.method;
  const sessionId = `session_${"1".repeat(32)}`;
  const request = (requestId: string, content: string) => ({
    context: { orgId: 1n, requestId }, sessionId, path: "/n", content, encoding: "text",
  });
  const [first] = both;
  assert.ok(first);
  await first.call(writeFile, request("start", "0"));
  let added = 0;
  const add = async (adder: number): Promise<void> => {
    for (let n = 0; n < 10; ) {
      const content = String(n + 1);
      const expected = { expectedContent: String(n), expectedEncoding: "text" };
      // Both adapters get the change, under one id.
      const answers = await Promise.all(both.map((one) => one.call(writeFileIfContentMatches, { ...request(`${adder} ${n}`, content), ...expected })));
      const ids = answers.map(({ file }) => file?.info?.updatedAt?.nanos);
      assert.equal(ids[0], ids[1], "one change has two answers");
      added += ids[0] === undefined ? 0 : 1;
      n += 1;
    }
  };
  await Promise.all([0, 1, 2, 3].map(add));
  assert.equal(added, 10, "of four that expect the same, one succeeds");
  await Promise.all(both.flatMap((one, index) => Array.from({ length: 10 }, (_, n) =>
    one.call(writeFile, { ...request(`file ${index} ${n}`, "x"), path: `/d/${index}-${n}` }))));
  const { entries } = await first.call(listDirectory, { context: { orgId: 1n }, sessionId, path: "/d" });
  assert.equal(entries.length, 20);
  const blobs = await readdir(join(directory, "workspaces", "1", sessionId, "blobs"));
  assert.equal(blobs.length, 21, "a content is left behind, or one is missing");
});

test("what is stored is not taken for absent while the directory goes away and comes back", async (t) => {
  const root = await made(t);
  const directory = await Directory.open(root);
  await directory.put("kept", Buffer.from("kept"));
  for (let n = 0; n < 200; n++) {
    renameSync(root, `${root}.away`);
    const first = readFile(join(root, "kept"));
    const found = directory.get("kept").then((bytes) => bytes?.toString(), () => "kept");
    // It comes back once a look has found nothing.
    await assert.rejects(first);
    renameSync(`${root}.away`, root);
    assert.equal(await found, "kept");
  }
});

test("an empty place is not served: it may be that of a volume which is not mounted", async (t) => {
  const empty = join(await temporaryFolder(t), "mount");
  await mkdir(empty);
  const { code, output } = await run(process.execPath, [script, "--listen", `unix:${empty}.sock`, "--directory", empty]);
  assert.equal(code, 1);
  assert.match(output, /its volume is not mounted, or init.js has not made it yet/);
  assert.deepEqual(await readdir(empty), []);
});
