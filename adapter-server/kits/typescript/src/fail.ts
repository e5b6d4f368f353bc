// The constructors of errors, one per reason. docs/errors.md says what the caller does.

export { invalidField, unauthenticated } from "./error.js";
export * from "./reasons.gen.js";
