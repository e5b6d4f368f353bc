// The workspaces of all sessions. Each is a document that changes by compare and set; the
// contents of its files are objects beside it.
//
// Changes that wait for the same workspace are one new version of the document, which also
// holds their answers. The answers are then written under their request_ids, where they are
// found whatever session is asked, and the next version drops them. A process that dies in
// between leaves them in the document.

import { randomUUID } from "node:crypto";
import type { Change, Session } from "@mortise/adapter";
import type { Answers } from "./answers.js";
import type { Objects } from "./objects.js";
import { Workspace, type Entry, type HeldAnswer, type NewContent } from "./workspace.js";

// How many workspaces are held in memory.
const heldMax = 1000;
// How many changes are one version at most.
const batchMax = 64;

interface Held {
  readonly version: string | undefined;
  readonly workspace: Workspace;
  /** The answers in it lie under their request_ids. */
  isSettled: boolean;
}

/** A change that waits for its workspace. */
interface Waiting {
  readonly orgId: bigint;
  /** The answer, if the change has happened already. */
  known(): Promise<{ value: unknown } | undefined>;
  apply(draft: Draft): { value: unknown; held: HeldAnswer };
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** A workspace that is being changed. */
export class Draft {
  /** The contents of its new files, by where they lie. */
  readonly contents = new Map<string, string>();

  constructor(readonly workspace: Workspace) {}

  /** Writes a file and its content. */
  write(path: string, content: NewContent): Entry {
    const blob = randomUUID();
    const entry = this.workspace.putFile(path, content, blob);
    this.contents.set(blob, content.text);
    return entry;
  }
}

export class Workspaces {
  readonly #held = new Map<string, Held>();
  readonly #waiting = new Map<string, Waiting[]>();

  constructor(readonly objects: Objects, readonly answers: Answers) {}

  /** A workspace as it is now. */
  async current(session: Session): Promise<Workspace> {
    return (await this.#load(folderOf(session))).workspace;
  }

  /** What is at a path now, and its text if it is a file. */
  async read(session: Session, path: string): Promise<{ entry: Entry; text: string | undefined } | undefined> {
    for (let missing: string | undefined; ; ) {
      const entry = (await this.current(session)).get(path);
      if (entry === undefined || entry.isDirectory) {
        return entry && { entry, text: undefined };
      }
      const bytes = await this.objects.get(`${folderOf(session)}/blobs/${entry.blob}`);
      if (bytes !== undefined) {
        return { entry, text: Buffer.from(bytes).toString() };
      }
      // The file was replaced meanwhile.
      if (entry.blob === missing) {
        throw new Error(`the content ${entry.blob} of ${folderOf(session)} is missing`);
      }
      missing = entry.blob;
    }
  }

  /**
   * Makes a change once. `work` changes the draft or throws and leaves it as it is; it is
   * called again if another process was first.
   */
  change<T>(session: Session, change: Change<T>, work: (draft: Draft) => T): Promise<T> {
    const { orgId, requestId, method } = change;
    return new Promise<unknown>((resolve, reject) => {
      this.#enqueue(folderOf(session), {
        orgId,
        known: () => this.answers.again(change),
        apply: (draft) => {
          const value = work(draft);
          return { value, held: { requestId, method, answer: change.answer(value) } };
        },
        resolve,
        reject,
      });
    }) as Promise<T>;
  }

  #enqueue(folder: string, one: Waiting): void {
    const queue = this.#waiting.get(folder);
    if (queue === undefined) {
      this.#waiting.set(folder, [one]);
      void this.#run(folder);
    } else {
      queue.push(one);
    }
  }

  async #run(folder: string): Promise<void> {
    const queue = this.#waiting.get(folder) ?? [];
    while (queue.length > 0) {
      const batch = queue.splice(0, batchMax);
      try {
        for (let rest = batch; rest.length > 0; ) {
          rest = await this.#attempt(folder, rest);
        }
      } catch (error) {
        // What was answered already stays as it is.
        batch.forEach((one) => one.reject(error));
      }
    }
    this.#waiting.delete(folder);
  }

  /** Makes changes one version, and says which are to be made again on a newer one. */
  async #attempt(folder: string, batch: readonly Waiting[]): Promise<Waiting[]> {
    const before = await this.#load(folder);
    // A change that is in this version has its answer here, or already under its request_id.
    await this.#settle(batch[0]?.orgId ?? 0n, before);
    const fresh = await this.#unknown(batch);
    const draft = new Draft(before.workspace.copy());
    const made = fresh.flatMap((one) => applied(one, draft));
    if (made.length === 0) {
      return [];
    }
    draft.workspace.answers = made.map(({ held }) => held);
    await Promise.all([...draft.contents].map(([blob, text]) => this.objects.put(`${folder}/blobs/${blob}`, Buffer.from(text))));
    // If this fails, the version may be there all the same, now or later. So its contents
    // stay: the change is sent again and finds it, or leaves them behind.
    const version = await this.objects.replace(`${folder}/workspace`, before.version, draft.workspace.encode());
    if (version === undefined) {
      await this.#discardUnused(folder, draft);
      return made.map(({ one }) => one);
    }
    const after: Held = { version, workspace: draft.workspace, isSettled: false };
    this.#hold(folder, after);
    await this.#settle(made[0]?.one.orgId ?? 0n, after);
    made.forEach(({ one, value }) => one.resolve(value));
    const kept = draft.workspace.blobs();
    await this.#discard(folder, [...before.workspace.blobs(), ...draft.contents.keys()].filter((blob) => !kept.has(blob)));
    return [];
  }

  /** The changes that have not happened yet; the others are answered. */
  async #unknown(batch: readonly Waiting[]): Promise<Waiting[]> {
    const asked = await Promise.all(batch.map(async (one) => {
      try {
        const known = await one.known();
        if (known === undefined) {
          return [one];
        }
        one.resolve(known.value);
      } catch (error) {
        one.reject(error);
      }
      return [];
    }));
    return asked.flat();
  }

  /** Writes the answers that a workspace holds under their request_ids. */
  async #settle(orgId: bigint, held: Held): Promise<void> {
    if (held.isSettled) {
      return;
    }
    await Promise.all(held.workspace.answers.map(({ requestId, method, answer }) => this.answers.remember({ orgId, requestId }, { method, answer })));
    held.isSettled = true;
  }

  /**
   * Discards the contents of a version that was not made, for another one was there. That
   * one may be the version itself: a storage that gets a request twice refuses the second.
   */
  async #discardUnused(folder: string, draft: Draft): Promise<void> {
    const kept = (await this.#load(folder)).workspace.blobs();
    await this.#discard(folder, [...draft.contents.keys()].filter((blob) => !kept.has(blob)));
  }

  /** Removes contents that no file has. One that cannot be removed now stays and does no harm. */
  async #discard(folder: string, blobs: Iterable<string>): Promise<void> {
    await Promise.allSettled([...blobs].map((blob) => this.objects.remove(`${folder}/blobs/${blob}`)));
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

/** Applies a change to a draft; one that is refused is answered. */
function applied(one: Waiting, draft: Draft): { one: Waiting; value: unknown; held: HeldAnswer }[] {
  try {
    return [{ one, ...one.apply(draft) }];
  } catch (error) {
    one.reject(error);
    return [];
  }
}

function folderOf(session: Session): string {
  return `workspaces/${session.org.id}/${session.id}`;
}
