// Messages and texts without what is secret, for logs.

import { clone, getOption, toJsonString, type DescField, type DescMessage, type Message, type MessageShape, ScalarType } from "@bufbuild/protobuf";
import { secret } from "./messages.gen.js";

const mark = "[redacted]";
// A shorter text is found everywhere, and is hardly a secret.
const secretCharsMin = 4;

type Values = Record<string, unknown>;

/** Shows a message of the contract as JSON without what is secret in it. */
export function redacted<S extends DescMessage>(schema: S, message: MessageShape<S>): string {
  const shown = clone(schema, message);
  walk(schema, shown, (values, field) => {
    if (isText(field)) {
      values[field.localName] = mark;
    } else {
      delete values[field.localName];
    }
  });
  return toJsonString(schema, shown);
}

/**
 * A text of others for the log, such as the error of a library, without the secrets of the
 * request that it may quote.
 */
export function scrubbed(text: string, schema: DescMessage, request: Message | undefined): string {
  if (request === undefined) {
    return text;
  }
  let shown = text;
  walk(schema, request, (values, field) => {
    const value = values[field.localName];
    if (isText(field) && typeof value === "string" && value.length >= secretCharsMin) {
      shown = shown.replaceAll(value, mark);
    }
  });
  return shown;
}

function isText(field: DescField): boolean {
  return field.fieldKind === "scalar" && field.scalar === ScalarType.STRING;
}

/** Finds each secret field of a message and of what it holds. */
function walk(schema: DescMessage, message: Message, found: (values: Values, field: DescField) => void): void {
  const values = message as unknown as Values;
  for (const field of schema.fields) {
    const chosen = field.oneof === undefined ? undefined : (values[field.oneof.localName] as { case?: string; value?: unknown });
    const holder = chosen === undefined ? values : chosen.case === field.localName ? { [field.localName]: chosen.value } : {};
    const value = holder[field.localName];
    if (value === undefined) {
      continue;
    }
    if (getOption(field, secret)) {
      found(holder, field);
      if (chosen !== undefined) {
        chosen.value = holder[field.localName];
      }
    } else if (field.message !== undefined) {
      const held = field.fieldKind === "list" ? (value as Message[]) : field.fieldKind === "map" ? Object.values(value as Values) : [value];
      for (const one of held) {
        walk(field.message, one as Message, found);
      }
    }
  }
}
