// Errors of the contract, as a store throws them and as they travel.

import { create, toBinary } from "@bufbuild/protobuf";
import { anyPack, DurationSchema } from "@bufbuild/protobuf/wkt";
import { Metadata, status, type ServiceError } from "@grpc/grpc-js";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "./gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "./gen/google/rpc/status_pb.js";
import { ErrorReason } from "./messages.gen.js";

/** The domain of every reason. */
export const domain = "mortise.adapter.v1";

/** How much of a text crosses the wire, in bytes: it travels in headers. */
export const textBytesMax = 2 * 1024;

/**
 * An error of the contract. `fail` has a constructor for each reason.
 *
 * The text crosses the wire and is shown to people and models: it must hold no secret.
 */
export class AdapterError extends Error {
  /** The path of the field that is wrong, for INVALID_FIELD. */
  field: string | undefined;
  /** After how many milliseconds to send the call again. */
  retryMs: number | undefined;

  constructor(
    readonly reason: ErrorReason,
    readonly code: status,
    text: string,
    readonly metadata: Record<string, string> = {},
  ) {
    super(text);
    this.name = "AdapterError";
  }

  /** The reason as it travels, such as SESSION_NOT_FOUND. */
  get reasonName(): string {
    return ErrorReason[this.reason];
  }

  /** States that the change did not happen, where the code alone leaves it open. */
  notApplied(): this {
    this.metadata["outcome"] = "not_applied";
    return this;
  }

  /** States that the change happened although the call failed. */
  applied(): this {
    this.metadata["outcome"] = "applied";
    return this;
  }

  /** States after how many milliseconds the caller may send the call again. */
  retryAfter(ms: number): this {
    this.retryMs = ms;
    return this;
  }

  /** The text as it may travel. */
  get short(): string {
    const bytes = Buffer.from(this.message);
    if (bytes.length <= textBytesMax) {
      return this.message;
    }
    const suffix = ` ... (cut, ${bytes.length} bytes in all)`;
    return cutText(bytes, textBytesMax - suffix.length) + suffix;
  }

  /** The error as grpc-js sends it. */
  toServiceError(): ServiceError {
    const text = this.short;
    const details = [anyPack(ErrorInfoSchema, create(ErrorInfoSchema, { reason: this.reasonName, domain, metadata: this.metadata }))];
    if (this.field !== undefined) {
      const violation = { field: this.field, description: text };
      details.push(anyPack(BadRequestSchema, create(BadRequestSchema, { fieldViolations: [violation] })));
    }
    if (this.retryMs !== undefined) {
      const seconds = Math.floor(this.retryMs / 1000);
      const retryDelay = create(DurationSchema, {
        seconds: BigInt(seconds),
        nanos: Math.round((this.retryMs - seconds * 1000) * 1e6),
      });
      details.push(anyPack(RetryInfoSchema, create(RetryInfoSchema, { retryDelay })));
    }
    const packed = toBinary(StatusSchema, create(StatusSchema, { code: this.code, message: text, details }));
    const metadata = new Metadata();
    metadata.set("grpc-status-details-bin", Buffer.from(packed));
    return Object.assign(new Error(text), { code: this.code, details: text, metadata });
  }
}

/** The first bytes of a text, without half a character at the end. */
function cutText(bytes: Buffer, most: number): string {
  let end = most;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) {
    end -= 1;
  }
  return bytes.toString("utf8", 0, end);
}

/**
 * The error INVALID_FIELD: a field of the request, by its path, is missing or malformed.
 * Say what is wrong and what to send.
 */
export function invalidField(path: string, problem: string): AdapterError {
  const error = new AdapterError(ErrorReason.INVALID_FIELD, status.INVALID_ARGUMENT, `${path}: ${problem}`);
  error.field = path;
  return error;
}

/** NOT_ALLOWED for a caller that did not prove who it is. */
export function unauthenticated(text: string): AdapterError {
  return new AdapterError(ErrorReason.NOT_ALLOWED, status.UNAUTHENTICATED, text).notApplied();
}
