// The grammar of open values, as context.proto states it: every common JSON parser reads a
// value that keeps it, to the digit.

import { invalidField } from "./error.js";

export const valueDepthMax = 100;
export const payloadDepthMax = 120;
const numberCharsMax = 400;
const doubleDigitsMax = 17;
// As many digits are kept whatever they are.
const doubleDigitsSafe = 15;
// Below it a double has fewer digits.
const normalMin = 2.2250738585072014e-308;

/** Refuses a text that is not an open value, and says nothing of what it holds. */
export function checkOpenValue(path: string, text: string, depthMax: number): void {
  try {
    JSON.parse(text);
  } catch {
    throw invalidField(path, "is not one JSON value; send one, such as {} or null");
  }
  const flaw = openFlaw(text, depthMax);
  if (flaw !== undefined) {
    throw invalidField(path, flaw);
  }
}

/** Says whether a text keeps the grammar of open values. */
export function isOpenValue(text: string): boolean {
  try {
    checkOpenValue("", text, valueDepthMax);
    return true;
  } catch {
    return false;
  }
}

const numberAt = /-?[0-9][0-9+\-.eE]*/y;

/** Walks over a text that is JSON. */
function openFlaw(text: string, depthMax: number): string | undefined {
  let depth = 0;
  for (let at = 0; at < text.length; ) {
    const letter = text.charCodeAt(at);
    if (letter === 0x22) {
      const end = endOfString(text, at);
      if (hasHalfPair(text.slice(at, end))) {
        return `holds half of a surrogate pair, after character ${at}; send whole characters`;
      }
      at = end;
    } else if (letter === 0x2d || (letter >= 0x30 && letter <= 0x39)) {
      numberAt.lastIndex = at;
      const number = numberAt.exec(text)?.[0] ?? "";
      const flaw = numberFlaw(number);
      if (flaw !== undefined) {
        return `${flaw}, at character ${at}; send it as a string`;
      }
      at += Math.max(number.length, 1);
    } else {
      if (letter === 0x7b || letter === 0x5b) {
        depth += 1;
        if (depth > depthMax) {
          return `nests deeper than ${depthMax} levels, at character ${at}; send a flatter value`;
        }
      } else if (letter === 0x7d || letter === 0x5d) {
        depth -= 1;
      }
      at += 1;
    }
  }
  return undefined;
}

function endOfString(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length) {
    const quote = text.indexOf('"', at);
    let slashes = 0;
    while (text.charCodeAt(quote - 1 - slashes) === 0x5c) {
      slashes += 1;
    }
    at = quote + 1;
    if (slashes % 2 === 0) {
      return at;
    }
  }
  return at;
}

/** Says whether the escapes of a string of JSON hold half of a surrogate pair. */
function hasHalfPair(quoted: string): boolean {
  return quoted.includes("\\u") && !(JSON.parse(quoted) as string).isWellFormed();
}

function numberFlaw(number: string): string | undefined {
  if (/[.eE]/.test(number)) {
    if (number.length > numberCharsMax) {
      return `holds a number of more than ${numberCharsMax} characters`;
    }
    return isKeptByDouble(number) ? undefined : "holds a number that a double cannot keep to the digit";
  }
  if (number.length <= doubleDigitsSafe) {
    return undefined;
  }
  const isInRange = number.length <= 20 && BigInt(number) >= -(2n ** 63n) && BigInt(number) < 2n ** 64n;
  return isInRange ? undefined : "holds an integer outside -2^63 to 2^64-1";
}

/** Says whether a double keeps every significant digit of a number. */
function isKeptByDouble(number: string): boolean {
  const mantissa = number.split(/[eE]/)[0] ?? "";
  const digits = mantissa.replace(/[-.]/g, "").replace(/^0+|0+$/g, "");
  if (digits === "") {
    return true;
  }
  const double = Math.abs(Number(number));
  if (!Number.isFinite(double) || double === 0 || digits.length > doubleDigitsMax) {
    return false;
  }
  if (digits.length <= doubleDigitsSafe && double >= normalMin) {
    return true;
  }
  const kept = double.toExponential(digits.length - 1).split("e")[0] ?? "";
  return kept.replace(".", "") === digits;
}
