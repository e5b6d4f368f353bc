// A PostgreSQL of a test's own.

import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import pg from "pg";
import { atEnd, temporaryFolder } from "../../testing/index.js";

let schemas = 0;

/** A pool of the database that MORTISE_POSTGRES names, or of one of the test's own. */
export async function pool(t: TestContext): Promise<pg.Pool> {
  const schema = `sql_test_${process.pid}_${schemas++}`;
  const stated = process.env["MORTISE_POSTGRES"];
  const options = `-c search_path=${schema}`;
  const db = new pg.Pool(stated === undefined ? { host: await cluster(t), user: "postgres", database: "postgres", options } : { connectionString: stated, options });
  db.on("error", () => undefined);
  await db.query(`CREATE SCHEMA ${schema}`);
  atEnd(t, async () => {
    await db.query(`DROP SCHEMA ${schema} CASCADE`);
    await db.end();
  });
  return db;
}

/** Starts a cluster on a private socket that ends with the test. */
async function cluster(t: TestContext): Promise<string> {
  const versions = readdirSync("/usr/lib/postgresql");
  const bin = join("/usr/lib/postgresql", versions.sort().at(-1) ?? "", "bin");
  const folder = await temporaryFolder(t);
  chmodSync(folder, 0o777);
  const data = join(folder, "data");
  // PostgreSQL refuses to run as root.
  const as = process.getuid?.() === 0 ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] : ["env"];
  const execute = (...args: string[]): void => void execFileSync(as[0] ?? "env", [...as.slice(1), ...args], { stdio: "pipe", cwd: "/" });
  execute(join(bin, "initdb"), "--username=postgres", "--auth=trust", "--pgdata", data);
  mkdirSync(join(folder, "socket"));
  chmodSync(join(folder, "socket"), 0o777);
  const settings = `-c listen_addresses='' -c unix_socket_directories='${join(folder, "socket")}' -c fsync=off`;
  execute(join(bin, "pg_ctl"), "start", "--pgdata", data, "--wait", "--log", join(folder, "socket", "log"), "--options", settings);
  atEnd(t, () => execute(join(bin, "pg_ctl"), "stop", "--pgdata", data, "--mode", "immediate"));
  return join(folder, "socket");
}
