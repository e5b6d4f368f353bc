import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { program, temporaryFolder } from "@mortise/adapter/testing";

const script = fileURLToPath(new URL("server.js", import.meta.url));

test("the program keeps every rule of the contract, also when it is killed and when its directory is away", async (t) => {
  const directory = join(await temporaryFolder(t), "data");
  await program(t, {
    script,
    args: ["--directory", directory],
    outage: `mv ${directory} ${directory}.away`,
    recover: `mv ${directory}.away ${directory}`,
  });
});
