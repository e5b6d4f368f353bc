// The answers to changes, under their request_ids. They are kept for a day: the contract
// demands it.

import { createHash } from "node:crypto";
import { memoryMs, type Change, type ChangeKey, type Remembered } from "@mortise/adapter";
import type { Objects } from "./objects.js";

const sweepEveryMs = 60 * 60 * 1000;

export class Answers {
  constructor(readonly objects: Objects) {}

  /** Removes answers that are older than they must be kept, every hour. */
  sweep(failed: (error: unknown) => void): NodeJS.Timeout {
    const run = (): void => void this.objects.removeOlder("answers", new Date(Date.now() - memoryMs - sweepEveryMs)).catch(failed);
    run();
    return setInterval(run, sweepEveryMs).unref();
  }

  async #recall(key: ChangeKey): Promise<Remembered | undefined> {
    const found = await this.objects.get(placeOf(key));
    if (found === undefined) {
      return undefined;
    }
    // The method, NUL, the answer.
    const end = found.indexOf(0);
    return { method: Buffer.from(found.subarray(0, end)).toString(), answer: found.subarray(end + 1) };
  }

  /** Stores the answer to a change that has happened. */
  async remember(key: ChangeKey, { method, answer }: Remembered): Promise<void> {
    // An answer never changes: one that is there already is the same.
    await this.objects.create(placeOf(key), Buffer.concat([Buffer.from(`${method}\0`), answer]));
  }

  /** The answer to a change that has happened, if it has. */
  async again<T>(change: Change<T>): Promise<{ value: T } | undefined> {
    const known = await this.#recall(change);
    return known === undefined ? undefined : { value: change.again(known.method, known.answer) };
  }
}

function placeOf(key: ChangeKey): string {
  const digest = createHash("sha256").update(key.requestId).digest("hex");
  return `answers/${key.orgId}/${digest.slice(0, 2)}/${digest}`;
}
