// Objects in a directory. An object is a file that is written beside its place, synced and
// renamed into it. A document is a directory with a file per version, of which the highest
// counts: a version is made by a link, which fails if another process was first. So any
// number of processes may share the directory, on every file system with links.

import { randomUUID } from "node:crypto";
import { link, mkdir, open, readdir, readFile, rename, stat, unlink, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Content, Objects, Version } from "./objects.js";

// A directory without it is not ours: the volume is not mounted, or the path is wrong.
const marker = "mortise-files";
const pieceBytes = 256 * 1024;
// How old the leftovers of writes are that no process is making any more, in milliseconds.
const leftoverMs = 60 * 60 * 1000;

export class Directory implements Objects {
  readonly #made = new Set<string>();

  private constructor(readonly root: string) {}

  /** Makes a new one, of a directory that is empty or not there. */
  static async create(root: string): Promise<void> {
    await mkdir(root, { recursive: true });
    if ((await readdir(root)).length > 0) {
      throw new Error(`${root} is not empty; name a directory that is empty or not there yet`);
    }
    await mkdir(join(root, "tmp"));
    const mark = await open(join(root, marker), "wx");
    await mark.close();
    await sync(root);
    await sync(dirname(root));
  }

  /**
   * Opens one that was made. It is never made here: an empty place may be that of a volume
   * which is not mounted, and what was written there would be lost.
   */
  static async open(root: string): Promise<Directory> {
    const directory = new Directory(root);
    try {
      await stat(join(root, marker));
    } catch (error) {
      throw new Error(`${root} has no file ${marker}: its volume is not mounted, or init.js has not made it yet`, { cause: error });
    }
    await directory.removeOlder("tmp", new Date(Date.now() - leftoverMs));
    return directory;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return this.#found(() => readFile(join(this.root, key)));
  }

  async stream(key: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    const file = await this.#found(() => open(join(this.root, key)));
    return file === undefined ? undefined : file.createReadStream({ highWaterMark: pieceBytes });
  }

  async put(key: string, content: Content): Promise<void> {
    const written = await this.#write(content);
    const path = await this.#place(key);
    await rename(written, path);
    await sync(dirname(path));
  }

  async create(key: string, content: Uint8Array): Promise<boolean> {
    const path = await this.#place(key);
    return this.#link(path, content);
  }

  async remove(key: string): Promise<void> {
    await this.#found(() => unlink(join(this.root, key)));
  }

  async read(key: string, known?: string): Promise<Version | undefined> {
    for (;;) {
      const newest = (await this.#versions(key)).at(-1);
      if (newest === undefined || newest === known) {
        return newest === undefined ? undefined : { version: newest, content: undefined };
      }
      const content = await this.#found(() => readFile(join(this.root, key, newest)));
      if (content !== undefined) {
        // Its writer may have been killed between the link and the sync.
        await sync(join(this.root, key));
        return { version: newest, content };
      }
      // A newer version has replaced it meanwhile.
    }
  }

  async replace(key: string, version: string | undefined, content: Uint8Array): Promise<string | undefined> {
    const next = nameOf(version === undefined ? 1n : BigInt(version) + 1n);
    const path = await this.#place(`${key}/${next}`);
    if (!(await this.#link(path, content))) {
      return undefined;
    }
    // The name may have been free because the version is long past. The highest is never
    // removed, so a look afterwards tells.
    const versions = await this.#versions(key);
    if (versions.at(-1) !== next) {
      await this.#found(() => unlink(path));
      return undefined;
    }
    // The one before may be read right now.
    await Promise.all(versions.slice(0, -2).map((old) => this.#found(() => unlink(join(this.root, key, old)))));
    return next;
  }

  async removeOlder(prefix: string, before: Date): Promise<void> {
    const folder = join(this.root, prefix);
    for (const entry of (await this.#found(() => readdir(folder, { withFileTypes: true }))) ?? []) {
      const key = `${prefix}/${entry.name}`;
      if (entry.isDirectory()) {
        await this.removeOlder(key, before);
        continue;
      }
      const about = await this.#found(() => stat(join(this.root, key)));
      if (about !== undefined && about.mtime < before) {
        await this.remove(key);
      }
    }
  }

  async ping(): Promise<void> {
    await stat(join(this.root, marker));
    await unlink(await this.#write(new Uint8Array()));
  }

  async #versions(key: string): Promise<string[]> {
    return ((await this.#found(() => readdir(join(this.root, key)))) ?? []).sort();
  }

  /** What is absent is undefined; that the whole directory is away is an error. */
  async #found<T>(look: () => Promise<T>): Promise<T | undefined> {
    for (let isSecond = false; ; isSecond = true) {
      try {
        return await look();
      } catch (error) {
        if (codeOf(error) !== "ENOENT") {
          throw error;
        }
        await stat(join(this.root, marker));
        // The directory may have come back after the first look.
        if (isSecond) {
          return undefined;
        }
      }
    }
  }

  /** Writes a file that has no place yet. */
  async #write(content: Content): Promise<string> {
    const path = join(this.root, "tmp", randomUUID());
    const file = await open(path, "wx");
    try {
      await writeAll(file, content);
      await file.sync();
    } catch (error) {
      await unlink(path).catch(() => undefined);
      throw error;
    } finally {
      await file.close();
    }
    return path;
  }

  async #link(path: string, content: Uint8Array): Promise<boolean> {
    const written = await this.#write(content);
    try {
      await link(written, path);
      await sync(dirname(path));
      return true;
    } catch (error) {
      if (codeOf(error) === "EEXIST") {
        // Its writer may have been killed before the sync.
        await sync(dirname(path));
        return false;
      }
      throw error;
    } finally {
      await unlink(written).catch(() => undefined);
    }
  }

  /** The path of a key whose directory is there. */
  async #place(key: string): Promise<string> {
    const path = join(this.root, key);
    await this.#makeFolder(dirname(path));
    return path;
  }

  async #makeFolder(folder: string): Promise<void> {
    if (folder === this.root || this.#made.has(folder)) {
      return;
    }
    await this.#makeFolder(dirname(folder));
    try {
      await mkdir(folder);
    } catch (error) {
      if (codeOf(error) !== "EEXIST") {
        throw error;
      }
    }
    // Also one that another call made, which may not have synced it yet.
    await sync(dirname(folder));
    this.#made.add(folder);
  }
}

/** Says whether an error of Node means that the directory cannot be used now. */
export function isAway(error: unknown): boolean {
  return ["ENOENT", "EIO", "ENOSPC", "EDQUOT", "EROFS", "ESTALE", "ENODEV", "EMFILE", "ENFILE", "ENOTCONN"].includes(codeOf(error));
}

// Sixteen digits are in the order of their bytes.
function nameOf(version: bigint): string {
  return String(version).padStart(16, "0");
}

async function writeAll(file: FileHandle, content: Content): Promise<void> {
  if (content instanceof Uint8Array) {
    await file.writeFile(content);
    return;
  }
  for await (const piece of content) {
    await file.writeFile(piece);
  }
}

/** Makes the names of a directory survive a crash. */
async function sync(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | undefined)?.code);
}
