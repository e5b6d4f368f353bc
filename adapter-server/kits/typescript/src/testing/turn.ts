// Runs a real turn of the runtime with an adapter.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { atEnd } from "./ending.js";

/** The variable that names the program mortise-host. */
export const hostVariable = "MORTISE_HOST";

/** An event of a turn, as the host prints it. */
export interface Event {
  readonly type?: string;
  readonly data?: unknown;
}

/**
 * Runs a turn: mortise-host with a database of the test's own, and the server at an address
 * for the stores, named as in routes (session_storage_store). The built-in simulator asks
 * for tools as a model would. It throws unless the turn completes.
 */
export async function turn(t: TestContext, address: string, question: string, ...stores: string[]): Promise<Event[]> {
  const data = await mkdtemp(join(tmpdir(), "turn"));
  atEnd(t, () => rm(data, { recursive: true, force: true }));
  const host = process.env[hostVariable] || "mortise-host";
  const routes = stores.flatMap((store) => ["--route", `${store}=${address}`]);
  const args = ["run", "--json", "--provider", "simulator", "--data", data, ...routes, question];
  const { stdout } = await promisify(execFile)(host, args, { maxBuffer: 64 * 1024 * 1024 });
  return stdout.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Event);
}
