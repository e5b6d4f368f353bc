import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { SessionFileSystemService } from "@mortise/adapter/messages";
import { connectTo, serve, temporaryFolder } from "@mortise/adapter/testing";
import { adapterOver } from "./adapter.js";
import { Answers } from "./answers.js";
import { Directory, isAway } from "./directory.js";
import type { Objects } from "./objects.js";
import { Workspaces } from "./workspaces.js";

type Replace = Objects["replace"];

/** Objects whose first replacement goes another way. */
function otherwise(objects: Objects, first: (replace: () => ReturnType<Replace>) => ReturnType<Replace>): Objects {
  let isFirst = true;
  return {
    get: (key) => objects.get(key),
    stream: (key) => objects.stream(key),
    put: (key, content) => objects.put(key, content),
    create: (key, content) => objects.create(key, content),
    remove: (key) => objects.remove(key),
    read: (key, known) => objects.read(key, known),
    replace: (...request) => {
      const replace = (): ReturnType<Replace> => objects.replace(...request);
      if (isFirst) {
        isFirst = false;
        return first(replace);
      }
      return replace();
    },
    removeOlder: (prefix, before) => objects.removeOlder(prefix, before),
    ping: () => objects.ping(),
  };
}

const lost = Object.assign(new Error("the answer is lost"), { code: "EIO" });

interface Way {
  readonly first: (replace: () => ReturnType<Replace>) => ReturnType<Replace>;
  /** What happens once the call has failed; without it the call succeeds. */
  readonly failed?: () => unknown;
}

let underWay: () => unknown = () => undefined;

const ways: Record<string, Way> = {
  "takes it and refuses its repetition, as S3 does when an answer is lost": {
    first: async (replace) => {
      await replace();
      return undefined;
    },
  },
  "takes it and does not answer": {
    first: async (replace) => {
      await replace();
      throw lost;
    },
    failed: () => undefined,
  },
  "takes it after the call has failed": {
    first: (replace) => {
      underWay = replace;
      return Promise.reject(lost);
    },
    failed: () => underWay(),
  },
};

for (const [way, { first, failed }] of Object.entries(ways)) {
  test(`a file that was answered has its content if the storage ${way}`, async (t) => {
    const root = join(await temporaryFolder(t), "data");
    await Directory.create(root);
    const directory = await Directory.open(root);
    const client = connectTo(t, await serve(t, adapterOver(otherwise(directory, first), isAway, () => undefined)));
    const id = `session_${"1".repeat(32)}`;
    const request = { context: { orgId: 1n, requestId: "once" }, sessionId: id, path: "/n", content: "kept", encoding: "text" };
    const { writeFile } = SessionFileSystemService.method;
    if (failed !== undefined) {
      const { message } = await client.failure(writeFile, request);
      assert.match(message, /^14 UNAVAILABLE/);
      await failed();
    }
    await client.call(writeFile, request);
    const found = await new Workspaces(directory, new Answers(directory)).read({ org: { id: 1n, publicId: "" }, id }, "/n");
    assert.equal(found?.text, "kept");
  });
}
