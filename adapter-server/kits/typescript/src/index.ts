// What an author needs of the kit.

export { Adapter, type AdapterOptions, type ServeOptions, type Serving } from "./adapter.js";
export { memoryMs, type Answers, type Call, type Change, type ForOrg, type ForSession, type Init, type Org, type Result, type Session, type Upload } from "./call.js";
export { chunksOf, uploadedImage, chunkBytesMax, imageBytesMax } from "./chunks.js";
export { AdapterError } from "./error.js";
export * as fail from "./fail.js";
export type { Fencing, Lease } from "./fences.js";
export { standardLog, type Level, type Log } from "./log.js";
export { main, readArguments, type Arguments, type OwnArguments } from "./main.js";
export { ProcessMemory, Turns, type ChangeKey, type Memory, type Remembered } from "./memory.js";
export { withoutSecrets } from "./without-secrets.js";
export { isOpenValue } from "./open-value.js";
export { redacted } from "./redact.js";
export type * from "./stores.gen.js";
