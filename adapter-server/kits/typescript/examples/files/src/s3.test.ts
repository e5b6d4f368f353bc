import { execFileSync, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { atEnd, program } from "@mortise/adapter/testing";

const script = fileURLToPath(new URL("server.js", import.meta.url));

test("on S3, the program keeps every rule of the contract, also when it is killed and when S3 hangs", async (t) => {
  const { port, pid } = await fakeS3(t);
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_REGION: "us-east-1" });
  await program(t, {
    script,
    args: ["--s3-bucket", "mortise", "--s3-endpoint", `http://127.0.0.1:${port}`],
    outage: `kill -STOP ${pid}`,
    recover: `kill -CONT ${pid}`,
  });
});

/** A server of S3 that ends with the test. It is built once, outside the checkout. */
async function fakeS3(t: TestContext): Promise<{ port: string; pid: number }> {
  const folder = join(process.env["MORTISE_CACHE"] ?? join(homedir(), ".cache", "mortise"), "bin");
  mkdirSync(folder, { recursive: true });
  execFileSync("go", ["install", "github.com/johannesboyne/gofakes3/cmd/gofakes3@v1.2.0"], {
    env: { ...process.env, GOBIN: folder, GOFLAGS: "-mod=mod" }, stdio: "pipe", cwd: folder,
  });
  const server = spawn(join(folder, "gofakes3"), ["-backend", "memory", "-initialbucket", "mortise", "-host", "127.0.0.1:0"], { stdio: ["ignore", "ignore", "pipe"] });
  atEnd(t, () => server.kill("SIGKILL"));
  for await (const line of createInterface({ input: server.stderr })) {
    const [, port] = /using port: (\d+)/.exec(line) ?? [];
    if (port !== undefined) {
      server.stderr.resume();
      return { port, pid: server.pid ?? 0 };
    }
  }
  throw new Error("the server of S3 does not start");
}
