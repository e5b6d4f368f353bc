// Path patterns: a text that paths contain, or a glob. A glob becomes a regular expression
// for an engine whose time grows linearly, because a model may have written it.

import { RE2JS } from "re2js";
import { refused } from "./paths.js";

/** Says which paths a pattern wants. */
export function pathFilter(stated: string | undefined): (path: string) => boolean {
  if (stated === undefined || stated === "") {
    return () => true;
  }
  const pattern = stated.replace(/^\/workspace(?=\/|$)/, "");
  if (!/[*?[{]/.test(pattern)) {
    return (path) => path.includes(pattern);
  }
  const hasSlash = pattern.includes("/");
  const glob = compile(hasSlash ? pattern.replace(/^\/?/, "/") : pattern);
  return (path) => path.includes(pattern) || glob.matches(hasSlash ? path : path.slice(path.lastIndexOf("/") + 1));
}

function compile(glob: string): RE2JS {
  try {
    return RE2JS.compile(expressionOf(glob), RE2JS.DOTALL);
  } catch {
    throw refused(`invalid path pattern ${JSON.stringify(glob)}: use *, ?, **, {a,b} and [a-c]`);
  }
}

const special = /[\\.+^$()|{}[\]*?]/;

function expressionOf(glob: string): string {
  let expression = "";
  let braces = 0;
  for (let at = 0; at < glob.length; at += 1) {
    const letter = glob.charAt(at);
    if (glob.startsWith("**/", at)) {
      expression += "(?:[^/]*/)*";
      at += 2;
    } else if (glob.startsWith("**", at)) {
      expression += ".*";
      at += 1;
    } else if (letter === "*") {
      expression += "[^/]*";
    } else if (letter === "?") {
      expression += "[^/]";
    } else if (letter === "[") {
      const end = glob.indexOf("]", at + 2);
      expression += classOf(end < 0 ? "" : glob.slice(at + 1, end));
      at = end;
    } else if (letter === "{") {
      braces += 1;
      expression += "(?:";
    } else if (letter === "}" && braces > 0) {
      braces -= 1;
      expression += ")";
    } else if (letter === "," && braces > 0) {
      expression += "|";
    } else {
      expression += special.test(letter) ? `\\${letter}` : letter;
    }
  }
  if (braces > 0) {
    throw new Error("a brace is not closed");
  }
  return expression;
}

function classOf(members: string): string {
  if (members === "") {
    throw new Error("a bracket is not closed");
  }
  const isNegated = /^[!^]/.test(members);
  const inside = (isNegated ? members.slice(1) : members).replace(/[\\[\]^]/g, "\\$&");
  return isNegated ? `[^/${inside}]` : `[${inside}]`;
}
