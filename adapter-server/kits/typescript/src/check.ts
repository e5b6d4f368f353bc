// Refuses what the contract forbids, by the options of the fields, and names the field.

import {
  getOption, hasOption, ScalarType,
  type DescEnum, type DescField, type DescMessage, type DescOneof, type Message,
} from "@bufbuild/protobuf";
import { TimestampSchema, type Timestamp } from "@bufbuild/protobuf/wkt";
import { AdapterError, invalidField } from "./error.js";
import { Condition, exactly_one, field as fieldOption, type CallContext } from "./messages.gen.js";
import { checkOpenValue, payloadDepthMax, valueDepthMax } from "./open-value.js";

/** What is checked of a request beside its fields. */
export interface Expected {
  /** The method's changes happen once under their request_id. */
  readonly keyed: boolean;
  /** It is the first message of its stream. */
  readonly first: boolean;
  /** Every request names a session in its context. */
  readonly needsSession: boolean;
}

/** What is expected, and whether refusals spell the whole path of a field. */
interface Spelling extends Expected {
  readonly spells?: boolean;
}

/** What to look at in a message. */
interface Plan {
  fields: readonly FieldPlan[];
  readonly choices: readonly DescOneof[];
  readonly isTime: boolean;
}

interface FieldPlan {
  readonly name: string;
  readonly local: string;
  readonly kind: DescField["fieldKind"];
  readonly isStated: boolean;
  /** When it is required; undefined if it is not. */
  readonly required: Condition | undefined;
  readonly notEmpty: boolean;
  /** 0 if the field has no limit. */
  readonly maxBytes: number;
  /** What an id looks like; undefined if the field holds none. */
  readonly id: Id | undefined;
  /** How deep the JSON in the field may nest; 0 if it is no JSON. */
  readonly depth: number;
  /** How to look at what the field holds, if it holds messages. */
  readonly message: Plan | undefined;
  readonly enumeration: DescEnum | undefined;
  readonly isText: boolean;
  /** The field may be absent and empty, which differ. */
  readonly presence: boolean;
  /** The choice that the field is one of. */
  readonly choice: DescOneof | undefined;
}

interface Id {
  readonly pattern: RegExp;
  readonly length: number;
  readonly wanted: string;
}

type Values = Record<string, unknown>;

/** Refuses a request that breaks a rule of the contract. */
export function check(schema: DescMessage, request: Message, expected: Expected): void {
  if (expected.first) {
    const call = (request as unknown as { context?: CallContext }).context;
    if (call === undefined) {
      throw invalidField("context", "is missing; every call has one");
    }
    if (call.orgId === 0n) {
      throw invalidField("context.org_id", "is 0; send the internal id of the org");
    }
    if (expected.needsSession && call.sessionId === "") {
      throw invalidField("context.session_id", "is empty; send `session_` and 32 lower-case hex digits");
    }
  }
  const plan = planOf(schema);
  // Paths are spelled only for a request that is refused.
  if (!isRight(plan, request, expected)) {
    checkMessage("", plan, request, { ...expected, spells: true });
  }
}

function isRight(plan: Plan, request: Message, expected: Expected): boolean {
  try {
    checkMessage("", plan, request, expected);
    return true;
  } catch (error) {
    if (error instanceof AdapterError) {
      return false;
    }
    throw error;
  }
}

const plans = new Map<DescMessage, Plan>();

function planOf(schema: DescMessage): Plan {
  const found = plans.get(schema);
  if (found !== undefined) {
    return found;
  }
  const made: { -readonly [K in keyof Plan]: Plan[K] } = {
    fields: [],
    choices: schema.oneofs.filter((one) => getOption(one, exactly_one)),
    isTime: schema.typeName === TimestampSchema.typeName,
  };
  // A message may hold itself.
  plans.set(schema, made);
  made.fields = schema.fields.map(planField).filter((one) => one.isStated || one.depth > 0 || one.message !== undefined);
  return made;
}

function planField(desc: DescField): FieldPlan {
  const scalar = desc.fieldKind === "scalar" || desc.fieldKind === "list" || desc.fieldKind === "map" ? desc.scalar : undefined;
  const rules = getOption(desc, fieldOption);
  return {
    name: desc.name,
    local: desc.localName,
    kind: desc.fieldKind,
    isStated: hasOption(desc, fieldOption),
    required: rules.required ? rules.when : undefined,
    notEmpty: rules.notEmpty,
    maxBytes: Number(rules.maxBytes),
    id: rules.id === "" ? undefined : planId(rules.id),
    depth: scalar === ScalarType.STRING ? jsonDepth(desc.name) : 0,
    message: desc.message === undefined ? undefined : planOf(desc.message),
    enumeration: desc.enum,
    isText: scalar === ScalarType.STRING,
    presence: desc.fieldKind === "message" || (desc.proto.proto3Optional && desc.oneof === undefined) || desc.oneof !== undefined,
    choice: desc.oneof,
  };
}

function planId(kind: string): Id {
  if (kind === "uuid") {
    const pattern = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/;
    return { pattern, length: 36, wanted: "a UUID, 32 hex digits in the form 8-4-4-4-12" };
  }
  return { pattern: new RegExp(`^${kind}_[0-9a-f]{32}$`), length: kind.length + 33, wanted: `\`${kind}_\` and 32 lower-case hex digits` };
}

function jsonDepth(name: string): number {
  if (!name.endsWith("_json")) {
    return 0;
  }
  return name === "data_json" ? payloadDepthMax : valueDepthMax;
}

function checkMessage(path: string, plan: Plan, message: Message, expected: Spelling): void {
  if (plan.isTime) {
    checkTime(path, message as Timestamp);
    return;
  }
  const values = message as unknown as Values;
  for (const one of plan.fields) {
    checkField(expected.spells === true ? within(path, one.name) : one.name, one, values, expected);
  }
  for (const choice of plan.choices) {
    if ((values[choice.localName] as { case?: string }).case === undefined) {
      throw invalidField(within(path, choice.name), "is missing; set one of its fields");
    }
  }
}

// The years 1 to 9999, in seconds since 1970.
const firstSecond = -62_135_596_800n;
const lastSecond = 253_402_300_799n;

function checkTime(path: string, time: Timestamp): void {
  if (time.seconds < firstSecond || time.seconds > lastSecond || time.nanos < 0 || time.nanos > 999_999_999) {
    throw invalidField(path, "is no time in the years 1 to 9999; send seconds and nanoseconds");
  }
}

function checkField(path: string, plan: FieldPlan, values: Values, expected: Spelling): void {
  const isRequired = plan.required !== undefined && holds(plan.required, expected);
  const value = valueOf(plan, values);
  if (plan.kind === "map") {
    checkEntries(path, plan, value as Values, expected);
  } else if (plan.kind === "list") {
    checkList(path, plan, value as readonly unknown[], isRequired, expected);
  } else if (plan.presence && value === undefined) {
    if (isRequired && plan.choice === undefined) {
      throw invalidField(path, "is missing; it is REQUIRED");
    }
  } else if (plan.message !== undefined) {
    checkMessage(path, plan.message, value as Message, expected);
  } else {
    checkScalar(path, plan, value, isRequired, expected);
  }
}

function valueOf(plan: FieldPlan, values: Values): unknown {
  if (plan.choice === undefined) {
    return values[plan.local];
  }
  const chosen = values[plan.choice.localName] as { case?: string; value?: unknown };
  return chosen.case === plan.local ? chosen.value : undefined;
}

function holds(when: Condition, expected: Expected): boolean {
  switch (when) {
    case Condition.UNSPECIFIED:
      return true;
    case Condition.KEYED:
      return expected.keyed && expected.first;
    case Condition.FIRST_MESSAGE:
      return expected.first;
    default:
      return false;
  }
}

function checkEntries(path: string, plan: FieldPlan, entries: Values, expected: Spelling): void {
  if (plan.message === undefined && plan.depth === 0) {
    return;
  }
  for (const [key, value] of Object.entries(entries)) {
    const at = `${path}[${JSON.stringify(key)}]`;
    if (plan.message !== undefined) {
      checkMessage(at, plan.message, value as Message, expected);
    } else {
      checkOpenValue(at, value as string, plan.depth);
    }
  }
}

function checkList(path: string, plan: FieldPlan, list: readonly unknown[], isRequired: boolean, expected: Spelling): void {
  if (isRequired && plan.notEmpty && list.length === 0) {
    throw invalidField(path, "is empty; send one at least");
  }
  list.forEach((value, index) => {
    const at = `${path}[${index}]`;
    if (plan.message !== undefined) {
      checkMessage(at, plan.message, value as Message, expected);
    } else {
      checkScalar(at, plan, value, isRequired, expected);
    }
  });
}

function checkScalar(path: string, plan: FieldPlan, value: unknown, isRequired: boolean, expected: Spelling): void {
  if (plan.isText) {
    checkText(path, plan, value as string, isRequired, expected);
  } else if (value instanceof Uint8Array) {
    checkSize(path, value.length, plan.maxBytes);
  } else if (plan.enumeration !== undefined && isRequired) {
    if (value === 0 || plan.enumeration.value[value as number] === undefined) {
      throw invalidField(path, `is ${String(value)}; send a value of ${plan.enumeration.name} other than 0`);
    }
  }
}

function checkText(path: string, plan: FieldPlan, text: string, isRequired: boolean, expected: Spelling): void {
  if (isRequired && plan.notEmpty && text === "") {
    throw invalidField(path, "is empty; it is REQUIRED");
  }
  if (plan.maxBytes > 0) {
    checkSize(path, Buffer.byteLength(text), plan.maxBytes);
  }
  const counts = isRequired || text !== "" || plan.presence;
  if (plan.id !== undefined && counts && (text.length !== plan.id.length || !plan.id.pattern.test(text))) {
    throw invalidField(path, `is ${shown(text)}; send ${plan.id.wanted}`);
  }
  if (plan.name === "request_id" && expected.keyed && text.includes("\0")) {
    throw invalidField(path, "contains NUL; send a UUID");
  }
  if (plan.depth > 0 && counts) {
    checkOpenValue(path, text, plan.depth);
  }
}

function checkSize(path: string, size: number, most: number): void {
  if (most > 0 && size > most) {
    throw invalidField(path, `has ${size} bytes; send ${most} at most`);
  }
}

/** A text that a refusal quotes, which travels in headers. */
function shown(text: string): string {
  const most = 80;
  if (text.length > most) {
    return `${JSON.stringify(text.slice(0, most).toWellFormed())}... (${Buffer.byteLength(text)} bytes)`;
  }
  return JSON.stringify(text);
}

function within(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}
