// A workspace as it is at one moment: its entries, without their contents.

import { createHash, randomUUID } from "node:crypto";
import { ancestorsOf, byBytes, parentOf, refused } from "./paths.js";

/** A file or a directory. */
export interface Entry {
  readonly id: string;
  readonly path: string;
  readonly isDirectory: boolean;
  readonly isReadonly: boolean;
  readonly encoding: string;
  readonly size: number;
  /** Where the content lies, and the digest of it. */
  readonly blob: string;
  readonly digest: string;
  /** In nanoseconds since 1970. */
  readonly createdAt: bigint;
  readonly updatedAt: bigint;
}

/** The answer to a change that the workspace holds until it lies under its request_id. */
export interface HeldAnswer {
  readonly requestId: string;
  readonly method: string;
  readonly answer: Uint8Array;
}

/** The content that a file shall have. */
export interface NewContent {
  readonly text: string;
  readonly encoding: string;
  readonly isReadonly: boolean;
}

/** The root as long as nothing was ever written. */
const root: Entry = {
  id: "00000000-0000-0000-0000-000000000000", path: "/", isDirectory: true, isReadonly: false, encoding: "text", size: 0,
  blob: "", digest: "", createdAt: 0n, updatedAt: 0n,
};

export class Workspace {
  readonly #entries: Map<string, Entry>;
  answers: readonly HeldAnswer[];

  private constructor(entries: Iterable<Entry>, answers: readonly HeldAnswer[]) {
    this.#entries = new Map([["/", root], ...[...entries].map((entry) => [entry.path, entry] as const)]);
    this.answers = answers;
  }

  static empty(): Workspace {
    return new Workspace([], []);
  }

  copy(): Workspace {
    return new Workspace(this.#entries.values(), this.answers);
  }

  get(path: string): Entry | undefined {
    return this.#entries.get(path);
  }

  /** All files, by path. */
  files(): Entry[] {
    return [...this.#entries.values()].filter((entry) => !entry.isDirectory).sort((a, b) => byBytes(a.path, b.path));
  }

  /** The direct entries of a directory, by path. */
  list(path: string): Entry[] {
    const directory = this.get(path);
    if (directory === undefined) {
      throw refused(`${path} not found`);
    }
    if (!directory.isDirectory) {
      throw refused(`${path} is not a directory`);
    }
    const entries = [...this.#entries.values()].filter((entry) => entry.path !== "/" && parentOf(entry.path) === path);
    return entries.sort((a, b) => byBytes(a.path, b.path));
  }

  /** Refuses what a file may not replace. */
  checkWritable(path: string): void {
    const found = this.get(path);
    if (found?.isDirectory === true) {
      throw refused(`${path} is a directory`);
    }
    if (found?.isReadonly === true) {
      throw refused(`${path} is readonly`);
    }
  }

  /** Puts a file in its place, and makes the directories above it. */
  putFile(path: string, content: NewContent, blob: string): Entry {
    const before = this.get(path);
    if (before?.isDirectory === true) {
      throw refused(`${path} is a directory`);
    }
    const now = after(before?.updatedAt);
    this.#makeAbove(path, now);
    const entry: Entry = {
      id: before?.id ?? randomUUID(), path, isDirectory: false, isReadonly: content.isReadonly, encoding: content.encoding,
      size: sizeOf(content), blob, digest: digestOf(content.text), createdAt: before?.createdAt ?? now, updatedAt: now,
    };
    this.#entries.set(path, entry);
    return entry;
  }

  /** Makes a directory and those above it. One that exists is returned as it is. */
  makeDirectory(path: string): Entry {
    const found = this.get(path);
    if (found?.isDirectory === true) {
      return found;
    }
    if (found !== undefined) {
      throw refused(`${path} is not a directory: a file is there`);
    }
    const now = after(undefined);
    this.#makeAbove(path, now);
    return this.#addDirectory(path, now);
  }

  /** Removes a file, or a directory with what is in it, and says what is gone. */
  remove(path: string, isRecursive: boolean): Entry[] {
    const found = this.get(path);
    if (path === "/") {
      throw refused("the root cannot be deleted");
    }
    if (found === undefined) {
      return [];
    }
    const below = [...this.#entries.values()].filter((entry) => entry.path.startsWith(`${path}/`));
    if (below.length > 0 && !isRecursive) {
      throw refused(`${path} is not empty; delete it with recursive`);
    }
    const all = [found, ...below];
    const kept = all.find((entry) => entry.isReadonly);
    if (kept !== undefined) {
      throw refused(`${kept.path} is readonly`);
    }
    all.forEach((entry) => this.#entries.delete(entry.path));
    return all;
  }

  /** Where the contents of its files lie. */
  blobs(): Set<string> {
    return new Set([...this.#entries.values()].filter((entry) => !entry.isDirectory).map((entry) => entry.blob));
  }

  #makeAbove(path: string, now: bigint): void {
    for (const above of ancestorsOf(path)) {
      const found = this.get(above);
      if (found === undefined) {
        this.#addDirectory(above, now);
      } else if (!found.isDirectory) {
        throw refused(`${above} is not a directory`);
      }
    }
  }

  #addDirectory(path: string, now: bigint): Entry {
    const entry: Entry = { ...root, id: randomUUID(), path, createdAt: now, updatedAt: now };
    this.#entries.set(path, entry);
    return entry;
  }

  /** The workspace as a document. */
  encode(): Uint8Array {
    const entries = [...this.#entries.values()].filter((entry) => entry.path !== "/");
    const answers = this.answers.map((held) => ({ ...held, answer: Buffer.from(held.answer).toString("base64") }));
    return Buffer.from(JSON.stringify({ entries, answers }, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)));
  }

  static decode(document: Uint8Array): Workspace {
    const { entries, answers } = JSON.parse(Buffer.from(document).toString()) as Document;
    return new Workspace(
      entries.map((entry) => ({ ...entry, createdAt: BigInt(entry.createdAt), updatedAt: BigInt(entry.updatedAt) })),
      answers.map((held) => ({ ...held, answer: Buffer.from(held.answer, "base64") })),
    );
  }
}

interface Document {
  entries: (Omit<Entry, "createdAt" | "updatedAt"> & { createdAt: string; updatedAt: string })[];
  answers: (Omit<HeldAnswer, "answer"> & { answer: string })[];
}

/** Now, or a microsecond after a time that is not past yet. */
function after(before: bigint | undefined): bigint {
  const now = BigInt(Date.now()) * 1_000_000n;
  return before !== undefined && before >= now ? before + 1000n : now;
}

export function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function sizeOf(content: NewContent): number {
  return Buffer.byteLength(content.text, content.encoding === "base64" ? "base64" : "utf8");
}
