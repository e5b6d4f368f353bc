// The workspaces of all sessions. Each is a document that changes by compare and set; the
// contents of its files are objects beside it.
//
// A change and its answer are one new version of the document. The answer is then written
// under its request_id, where it is found whatever session is asked, and the next version
// drops it. A process that dies in between leaves it in the document.

import { randomUUID } from "node:crypto";
import { Turns, type Change, type Session } from "@mortise/adapter";
import type { Answers } from "./answers.js";
import type { Objects } from "./objects.js";
import { Workspace, type Entry, type NewContent } from "./workspace.js";

// How many workspaces are held in memory.
const heldMax = 1000;

interface Held {
  readonly version: string | undefined;
  readonly workspace: Workspace;
  /** The answers in it lie under their request_ids. */
  isSettled: boolean;
}

/** A workspace that is being changed. */
export class Draft {
  readonly written: string[] = [];

  constructor(readonly workspace: Workspace, readonly folder: string, readonly objects: Objects) {}

  /** Writes a file and its content. */
  async write(path: string, content: NewContent): Promise<Entry> {
    const blob = randomUUID();
    const entry = this.workspace.putFile(path, content, blob);
    this.written.push(blob);
    await this.objects.put(`${this.folder}/blobs/${blob}`, Buffer.from(content.text));
    return entry;
  }
}

export class Workspaces {
  readonly #held = new Map<string, Held>();
  readonly #turns = new Turns();

  constructor(readonly objects: Objects, readonly answers: Answers) {}

  /** A workspace as it is now. */
  async current(session: Session): Promise<Workspace> {
    return (await this.#load(folderOf(session))).workspace;
  }

  /** What is at a path now, and its text if it is a file. */
  async read(session: Session, path: string): Promise<{ entry: Entry; text: string | undefined } | undefined> {
    for (;;) {
      const entry = (await this.current(session)).get(path);
      if (entry === undefined || entry.isDirectory) {
        return entry && { entry, text: undefined };
      }
      const bytes = await this.objects.get(`${folderOf(session)}/blobs/${entry.blob}`);
      if (bytes !== undefined) {
        return { entry, text: Buffer.from(bytes).toString() };
      }
      // The file was replaced meanwhile.
    }
  }

  /** Makes a change once. `work` is called again if another process was first. */
  async change<T>(session: Session, change: Change<T>, work: (draft: Draft) => Promise<T> | T): Promise<T> {
    const folder = folderOf(session);
    return this.#turns.take(folder, async () => {
      for (;;) {
        const done = await this.#attempt(folder, change, work);
        if (done !== undefined) {
          return done.value;
        }
      }
    });
  }

  async #attempt<T>(folder: string, change: Change<T>, work: (draft: Draft) => Promise<T> | T): Promise<{ value: T } | undefined> {
    const before = await this.#load(folder);
    // A change that is in this version has its answer here, or already under its request_id.
    await this.#settle(change.orgId, before);
    const known = await this.answers.again(change);
    if (known !== undefined) {
      return known;
    }
    const draft = new Draft(before.workspace.copy(), folder, this.objects);
    try {
      const value = await work(draft);
      const held = { requestId: change.requestId, method: change.method, answer: change.answer(value) };
      draft.workspace.answers = [held];
      const version = await this.objects.replace(`${folder}/workspace`, before.version, draft.workspace.encode());
      if (version === undefined) {
        await this.#discard(folder, draft.written);
        return undefined;
      }
      const made: Held = { version, workspace: draft.workspace, isSettled: false };
      this.#hold(folder, made);
      await this.#settle(change.orgId, made);
      await this.#discard(folder, before.workspace.blobsBeyond(draft.workspace));
      return { value };
    } catch (error) {
      // A version whose making failed may be there all the same, with these contents.
      if (!(await this.#isThere(folder, draft.written))) {
        await this.#discard(folder, draft.written);
      }
      throw error;
    }
  }

  /** Writes the answers that a workspace holds under their request_ids. */
  async #settle(orgId: bigint, held: Held): Promise<void> {
    if (held.isSettled) {
      return;
    }
    for (const { requestId, method, answer } of held.workspace.answers) {
      await this.answers.remember({ orgId, requestId }, { method, answer });
    }
    held.isSettled = true;
  }

  async #isThere(folder: string, blobs: readonly string[]): Promise<boolean> {
    if (blobs.length === 0) {
      return false;
    }
    try {
      const { workspace } = await this.#load(folder);
      return workspace.files().some((entry) => blobs.includes(entry.blob));
    } catch {
      return true;
    }
  }

  /** Removes contents that no file has. One that cannot be removed now stays and does no harm. */
  async #discard(folder: string, blobs: readonly string[]): Promise<void> {
    await Promise.allSettled(blobs.map((blob) => this.objects.remove(`${folder}/blobs/${blob}`)));
  }

  async #load(folder: string): Promise<Held> {
    const held = this.#held.get(folder);
    const newest = await this.objects.read(`${folder}/workspace`, held?.version);
    if (newest === undefined) {
      return { version: undefined, workspace: Workspace.empty(), isSettled: true };
    }
    if (newest.content === undefined && held !== undefined) {
      this.#hold(folder, held);
      return held;
    }
    const workspace = Workspace.decode(newest.content ?? new Uint8Array());
    const made: Held = { version: newest.version, workspace, isSettled: false };
    this.#hold(folder, made);
    return made;
  }

  #hold(folder: string, held: Held): void {
    // The end of a map is what was used last.
    this.#held.delete(folder);
    this.#held.set(folder, held);
    const [oldest] = this.#held.keys();
    if (this.#held.size > heldMax && oldest !== undefined) {
      this.#held.delete(oldest);
    }
  }
}

function folderOf(session: Session): string {
  return `workspaces/${session.org.id}/${session.id}`;
}
