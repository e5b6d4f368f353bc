import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { DatabaseSync } from "@photostructure/sqlite";
import pg from "pg";
import * as postgres from "../postgres.js";
import * as sqlite from "../sqlite.js";
import { SessionStorageStoreService } from "../messages.gen.js";
import { atEnd, connectTo, eventually, serve, temporaryFolder } from "../testing/index.js";
import { odd, setValue } from "./support/odd.js";

const set = SessionStorageStoreService.method.setValue;
const quiet = { name: "sql", version: "1", log: () => undefined };

test("a change in SQLite and its answer are one transaction", async (t) => {
  const db = new DatabaseSync(":memory:");
  sqlite.migrate(db);
  db.exec("CREATE TABLE changes (key TEXT)");
  let isBroken = true;
  const store = odd();
  store.setValue = ({ key }, change) => sqlite.once(db, change, () => {
    db.prepare("INSERT INTO changes VALUES (?)").run(key);
    if (isBroken) {
      throw new Error("after the change");
    }
  });
  const values = connectTo(t, await serve(t, { ...quiet, offers: { sessionStorageStore: store } }));
  await values.failure(set, setValue("r", "k"));
  isBroken = false;
  await values.call(set, setValue("r", "k"));
  // Another adapter over the same database, as after a restart.
  await connectTo(t, await serve(t, { ...quiet, offers: { sessionStorageStore: store } })).call(set, setValue("r", "k"));
  assert.equal((db.prepare("SELECT count(*) AS n FROM changes").get() as { n: number }).n, 1);
});

/** A pool of the database that MORTISE_POSTGRES names, or of one of the test's own. */
async function pool(t: TestContext): Promise<pg.Pool> {
  const schema = `sql_test_${process.pid}`;
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

test("a change in PostgreSQL happens once, also through two adapters at once, and none is lost to a conflict", async (t) => {
  const db = await pool(t);
  await postgres.migrate(db);
  await db.query("CREATE TABLE counts (name TEXT PRIMARY KEY, n INT NOT NULL)");
  await db.query("INSERT INTO counts VALUES ('k', 0)");
  const store = odd();
  store.setValue = ({ key }, change) => postgres.once(db, change, async (client) => {
    await client.query("UPDATE counts SET n = n + 1 WHERE name = $1", [key]);
  });
  const adapters = [0, 1].map(() => serve(t, { ...quiet, offers: { sessionStorageStore: store }, unavailableOn: postgres.isUnavailable }));
  const both = (await Promise.all(adapters)).map((address) => connectTo(t, address));
  await Promise.all(Array.from({ length: 20 }, (_, index) => both.map((values) => values.call(set, setValue(`r${index}`, "k")))).flat());
  await eventually("all changes are there", async () => (await db.query("SELECT n FROM counts")).rows[0].n === 20);
});
