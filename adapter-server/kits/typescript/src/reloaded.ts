// Files that are read again when they change.

import { readFile, stat } from "node:fs/promises";
import { createHash, timingSafeEqual } from "node:crypto";

// How long files are taken as unchanged, in milliseconds.
const checkEveryMs = 500;

/** What some files say. What cannot be read keeps the previous value in use. */
export class Reloaded<T> {
  readonly #timer: NodeJS.Timeout;
  #isReading = false;

  private constructor(
    readonly paths: readonly string[],
    readonly read: () => Promise<T>,
    readonly warn: (error: unknown) => void,
    readonly changed: (value: T) => void,
    public value: T,
    private stamps: string,
  ) {
    this.#timer = setInterval(() => void this.#look(), checkEveryMs);
    this.#timer.unref();
  }

  /** Reads the files, and reads them again when one changes. */
  static async open<T>(
    paths: readonly string[], read: () => Promise<T>, warn: (error: unknown) => void, changed: (value: T) => void = () => undefined,
  ): Promise<Reloaded<T>> {
    const stamps = await stampsOf(paths);
    return new Reloaded(paths, read, warn, changed, await read(), stamps);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#isReading) {
      return;
    }
    this.#isReading = true;
    try {
      const stamps = await stampsOf(this.paths);
      if (stamps !== this.stamps) {
        this.value = await this.read();
        this.stamps = stamps;
        this.changed(this.value);
      }
    } catch (error) {
      this.warn(error);
    } finally {
      this.#isReading = false;
    }
  }
}

async function stampsOf(paths: readonly string[]): Promise<string> {
  const all = await Promise.all(paths.map((path) => stat(path, { bigint: true })));
  return all.map((one) => `${one.ino} ${one.mtimeNs} ${one.size}`).join(";");
}

/** The bearer tokens of a file, one a line, by their digests. */
export class Tokens {
  readonly #digests: readonly Buffer[];

  constructor(path: string, text: string) {
    const lines = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
    if (lines.length === 0) {
      throw new Error(`${path} holds no token; write one a line`);
    }
    this.#digests = lines.map(digest);
  }

  static async read(path: string): Promise<Tokens> {
    return new Tokens(path, await readFile(path, "utf8"));
  }

  has(token: string): boolean {
    const asked = digest(token);
    // Every token is compared, so that the time tells nothing.
    return this.#digests.reduce((found, known) => timingSafeEqual(asked, known) || found, false);
  }
}

function digest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
