// Paths within a workspace. A path has one form, `/a/b`; what tools and people write comes
// in several.

import { fail } from "@mortise/adapter";

const bytesMax = 2048;
const depthMax = 128;

/** The one form of a path. */
export function normalPath(text: string): string {
  const bytes = Buffer.byteLength(text);
  if (bytes > bytesMax) {
    throw refused(`invalid path: it has ${bytes} bytes, at most ${bytesMax} are allowed`);
  }
  if (text.includes("\0")) {
    throw refused("invalid path: it holds a NUL character");
  }
  const segments: string[] = [];
  for (const segment of text.split("/")) {
    if (segment === "..") {
      throw refused(`invalid path: ${text} holds a .. segment`);
    }
    const isPrefix = segment === "workspace" && segments.length === 0;
    if (segment !== "" && segment !== "." && !isPrefix) {
      segments.push(segment);
    }
  }
  if (segments.length > depthMax) {
    throw refused(`invalid path: it is ${segments.length} deep, at most ${depthMax} are allowed`);
  }
  return `/${segments.join("/")}`;
}

/** An error for the host's tools, which look for words in it. Nothing was changed. */
export function refused(text: string): Error {
  return fail.store(text).notApplied();
}

/** The last segment; `/` for the root. */
export function nameOf(path: string): string {
  return path === "/" ? "/" : path.slice(path.lastIndexOf("/") + 1);
}

/** The directory that it is in. */
export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

/** The directories above it from the top, without the root. */
export function ancestorsOf(path: string): string[] {
  const segments = path.split("/").slice(1, -1);
  return segments.map((_, index) => `/${segments.slice(0, index + 1).join("/")}`);
}

/** The order of texts by their bytes. JavaScript's own is by UTF-16. */
export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
