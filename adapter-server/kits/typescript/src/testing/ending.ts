// What a test does when it ends.

import type { TestContext } from "node:test";

const endings = new WeakMap<TestContext, (() => unknown)[]>();

/** Does something when the test ends: what was begun last ends first. */
export function atEnd(t: TestContext, end: () => unknown): void {
  const known = endings.get(t);
  if (known !== undefined) {
    known.push(end);
    return;
  }
  const all = [end];
  endings.set(t, all);
  t.after(async () => {
    for (const one of all.reverse()) {
      await one();
    }
  });
}
