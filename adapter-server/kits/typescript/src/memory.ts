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

/** Lets one holder of a name pass at a time, in the order in which they came. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  /** Waits for the turn of a name, runs, and passes the turn on. */
  async take<T>(name: string, run: () => Promise<T>): Promise<T> {
    const before = this.#last.get(name);
    let leave = (): void => {};
    const own = new Promise<void>((resolve) => {
      leave = resolve;
    });
    this.#last.set(name, own);
    try {
      await before;
      return await run();
    } finally {
      leave();
      if (this.#last.get(name) === own) {
        this.#last.delete(name);
      }
    }
  }
}

/** The turn of a change. */
export function turnOf(key: ChangeKey): string {
  return keyText(key);
}
