// SessionFileSystem over workspaces.

import { create } from "@bufbuild/protobuf";
import { TimestampSchema, type Timestamp } from "@bufbuild/protobuf/wkt";
import { chunksOf, type Init, type Session, type SessionFileSystem } from "@mortise/adapter";
import type { FileInfoSchema, WrittenFileSchema } from "@mortise/adapter/messages";
import { nameOf, normalPath, refused } from "./paths.js";
import type { Search } from "./search.js";
import { digestOf, type Entry, type NewContent } from "./workspace.js";
import type { Workspaces } from "./workspaces.js";

export function files(workspaces: Workspaces, search: Search): SessionFileSystem {
  return {
    async *readFile({ session, path }) {
      const found = await workspaces.read(session, normalPath(path));
      if (found === undefined) {
        return;
      }
      const { entry, text } = found;
      yield { part: { case: "header", value: { info: infoOf(session, entry), encoding: entry.encoding, hasContent: text !== undefined } } };
      for (const chunk of chunksOf(text ?? "")) {
        yield { part: { case: "chunk", value: chunk } };
      }
    },

    writeFile: ({ session, path, content, encoding }, change) => {
      const at = normalPath(path);
      const wanted = newContent(content, encoding);
      return workspaces.change(session, change, (draft) => {
        draft.workspace.checkWritable(at);
        return writtenOf(session, draft.write(at, wanted));
      });
    },

    writeFileIfContentMatches: ({ session, path, expectedContent, expectedEncoding, content, encoding }, change) => {
      const at = normalPath(path);
      const wanted = newContent(content, encoding);
      return workspaces.change(session, change, (draft) => {
        const found = draft.workspace.get(at);
        const isExpected = found?.digest === digestOf(expectedContent) && found.encoding === expectedEncoding;
        if (found === undefined || found.isDirectory || found.isReadonly || !isExpected) {
          return undefined;
        }
        return writtenOf(session, draft.write(at, wanted));
      });
    },

    deleteFile: ({ session, path, recursive }, change) => {
      const at = normalPath(path);
      return workspaces.change(session, change, (draft) => draft.workspace.remove(at, recursive).length > 0);
    },

    listDirectory: async ({ session, path }) => {
      const at = normalPath(path);
      return (await workspaces.current(session)).list(at).map((entry) => infoOf(session, entry));
    },

    statFile: async ({ session, path }) => {
      const entry = (await workspaces.current(session)).get(normalPath(path));
      if (entry === undefined) {
        return undefined;
      }
      const { path: at, isDirectory, isReadonly, size } = entry;
      return { path: at, name: nameOf(at), isDirectory, isReadonly, sizeBytes: BigInt(size), ...timesOf(entry) };
    },

    async *grepFiles({ session, pattern, pathPattern }, { signal }) {
      const found = search.find(workspaces, session, pattern, pathPattern, signal);
      for await (const matches of found) {
        yield { matches: matches.map(({ path, number, line }) => ({ path, lineNumber: BigInt(number), line })) };
      }
    },

    createDirectory: ({ session, path }, change) => {
      const at = normalPath(path);
      return workspaces.change(session, change, (draft) => infoOf(session, draft.workspace.makeDirectory(at)));
    },

    seedInitialFile: ({ session, file }, change) => {
      const at = normalPath(file?.path ?? "");
      const wanted = { ...newContent(file?.content ?? "", file?.encoding ?? ""), isReadonly: file?.isReadonly ?? false };
      return workspaces.change<void>(session, change, (draft) => {
        draft.write(at, wanted);
      });
    },
  };
}

function newContent(text: string, stated: string): NewContent {
  const encoding = stated === "base64" ? "base64" : "text";
  if (encoding === "base64" && !isBase64(text)) {
    throw refused("the content is not base64, as its encoding says: send the standard alphabet with padding");
  }
  return { text, encoding, isReadonly: false };
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}

/** The UUID in the id of a session. */
function uuidOf(id: string): string {
  return id.slice(id.indexOf("_") + 1).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function infoOf(session: Session, entry: Entry): Init<typeof FileInfoSchema> {
  const { id, path, isDirectory, isReadonly, size } = entry;
  return {
    id, sessionId: uuidOf(session.id), path, name: nameOf(path), isDirectory, isReadonly, sizeBytes: BigInt(size), ...timesOf(entry),
  };
}

function writtenOf(session: Session, entry: Entry): Init<typeof WrittenFileSchema> {
  return { info: infoOf(session, entry), encoding: entry.encoding };
}

function timesOf(entry: Entry): { createdAt: Timestamp; updatedAt: Timestamp } {
  return { createdAt: timestamp(entry.createdAt), updatedAt: timestamp(entry.updatedAt) };
}

function timestamp(nanoseconds: bigint): Timestamp {
  return create(TimestampSchema, { seconds: nanoseconds / 1_000_000_000n, nanos: Number(nanoseconds % 1_000_000_000n) });
}
