import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { program, temporaryFolder } from "@mortise/adapter/testing";

test("the program keeps every rule of the contract, also when it is killed and started again", async (t) => {
  const database = join(await temporaryFolder(t), "values.db");
  await program(t, { script: fileURLToPath(new URL("server.js", import.meta.url)), args: ["--database", database] });
});
