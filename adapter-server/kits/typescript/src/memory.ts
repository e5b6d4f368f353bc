// Answers that are remembered after a change.

import { memoryMs } from "./call.js";

/** Names a change. */
export interface ChangeKey {
  readonly orgId: bigint;
  readonly requestId: string;
}

/** An answer that is remembered, beside the method that gave it. */
export interface Remembered {
  readonly method: string;
  readonly answer: Uint8Array;
}

/**
 * Remembers answers after a change, for stores that cannot do it in the transaction of the
 * change. If the process dies between the two, a change that is sent again happens again.
 */
export interface Memory {
  recall(key: ChangeKey): Promise<Remembered | undefined> | Remembered | undefined;
  /** Stores an answer for `memoryMs`. */
  remember(key: ChangeKey, remembered: Remembered): Promise<void> | void;
}

// What an entry takes beside its texts.
const entryBytes = 200;

/**
 * Remembers answers in this process alone: for development, and for changes that do no
 * harm twice. Beyond its bytes it forgets the oldest.
 */
export class ProcessMemory implements Memory {
  readonly #found = new Map<string, Remembered & { expires: number }>();
  #bytes = 0;

  constructor(readonly bytesMax = 256 * 1024 * 1024) {}

  recall(key: ChangeKey): Remembered | undefined {
    this.#forget();
    return this.#found.get(keyText(key));
  }

  remember(key: ChangeKey, remembered: Remembered): void {
    const name = keyText(key);
    this.#drop(name);
    this.#found.set(name, { ...remembered, expires: Date.now() + memoryMs });
    this.#bytes += size(name, remembered);
    this.#forget();
  }

  // A map keeps the order of insertion: the oldest comes first.
  #forget(): void {
    const now = Date.now();
    for (const [name, one] of this.#found) {
      if (this.#bytes <= this.bytesMax && now < one.expires) {
        return;
      }
      this.#drop(name);
    }
  }

  #drop(name: string): void {
    const one = this.#found.get(name);
    if (one !== undefined) {
      this.#found.delete(name);
      this.#bytes -= size(name, one);
    }
  }
}

function keyText(key: ChangeKey): string {
  return `${key.orgId} ${key.requestId}`;
}

function size(name: string, remembered: Remembered): number {
  return entryBytes + name.length + remembered.answer.length;
}

/** Lets one change of a key pass at a time, in the order in which they came. */
export class Turns {
  // Who waits for a name that is held.
  readonly #held = new Map<string, (() => void)[]>();

  /** The name of a key. */
  nameOf(key: ChangeKey): string {
    return keyText(key);
  }

  /** Takes a name; if it is held, the answer says when it is taken. `leave` gives it back. */
  enter(name: string): Promise<void> | undefined {
    const waiting = this.#held.get(name);
    if (waiting === undefined) {
      this.#held.set(name, []);
      return undefined;
    }
    return new Promise((resolve) => waiting.push(resolve));
  }

  leave(name: string): void {
    const next = this.#held.get(name)?.shift();
    if (next === undefined) {
      this.#held.delete(name);
    } else {
      next();
    }
  }
}
