// How protobuf-es reads texts. By itself it drops a byte order mark, and a text must come
// back byte for byte; and what is not UTF-8 is refused instead of replaced.

import { isUtf8 } from "node:buffer";
import { configureTextEncoding } from "@bufbuild/protobuf/wire";

const encoder = new TextEncoder();

configureTextEncoding({
  encodeUtf8: (text) => encoder.encode(text),
  decodeUtf8: (bytes) => {
    if (!isUtf8(bytes)) {
      throw new Error("a text of the message is not UTF-8");
    }
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  },
  checkUtf8: (text) => text.isWellFormed(),
});
