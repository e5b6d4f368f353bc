// Workspaces and images in a directory or in a bucket of S3.

import { main, readArguments } from "@mortise/adapter";
import { adapterOver } from "./adapter.js";
import { Directory, isAway } from "./directory.js";
import { ended } from "./ended.js";
import { isS3Away, S3 } from "./s3.js";

const { serve, own } = readArguments({
  "directory": { help: "where the data lie; init.js makes it", default: "mortise-files" },
  "s3-bucket": { help: "a bucket of S3, instead of a directory" },
  "s3-endpoint": { help: "the address of the service, if it is not that of AWS" },
});
const name = own["s3-bucket"];
const adapter = name === undefined
  ? adapterOver(await Directory.open(own.directory).catch(ended), isAway)
  : adapterOver(new S3({ name, endpoint: own["s3-endpoint"] }), isS3Away);
await main(adapter, serve);
