// Addresses: HOST:PORT or unix:PATH.

import { lstat, unlink } from "node:fs/promises";
import { connect } from "node:net";
import type { Server, ServerCredentials } from "@grpc/grpc-js";

/** Binds a server, and says where callers reach it. */
export async function bind(server: Server, address: string, credentials: ServerCredentials): Promise<string> {
  const path = unixPath(address);
  if (path !== undefined) {
    await removeDeadSocket(path);
  } else if (!/^.+:\d+$/.test(address)) {
    throw new Error(`cannot listen on ${address}; give HOST:PORT or unix:PATH`);
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(path === undefined ? address : `unix:${path}`, credentials, (error, bound) => {
      if (error === null) {
        resolve(bound);
      } else {
        reject(new Error(`cannot listen on ${address}: ${error.message}`));
      }
    });
  });
  return path === undefined ? address.replace(/:\d+$/, `:${port}`) : `unix:${path}`;
}

function unixPath(address: string): string | undefined {
  return address.startsWith("unix:") ? address.slice("unix:".length).replace(/^\/\//, "") : undefined;
}

/** Removes the file of a unix socket on which nothing listens any more. */
async function removeDeadSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) {
    return;
  }
  if (!found.isSocket()) {
    throw new Error(`${path} is there and is no socket; move it or listen elsewhere`);
  }
  const isAlive = await new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.once("connect", () => resolve(true));
    probe.once("error", () => resolve(false));
    probe.setTimeout(1000, () => resolve(true));
    probe.once("connect", () => probe.destroy());
  });
  if (isAlive) {
    throw new Error(`another process listens on unix:${path}`);
  }
  await unlink(path);
}
