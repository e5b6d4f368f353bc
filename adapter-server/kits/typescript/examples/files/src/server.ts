// Workspaces and images in a directory or in a bucket of S3.

import { main, readArguments, standardLog } from "@mortise/adapter";
import { Answers } from "./answers.js";
import { Directory, isAway } from "./directory.js";
import { files } from "./files.js";
import { images } from "./images.js";
import { isS3Away, S3 } from "./s3.js";
import { Search } from "./search.js";
import { Workspaces } from "./workspaces.js";

const { serve, own } = readArguments({
  "directory": { help: "where the data lie", default: "mortise-files" },
  "s3-bucket": { help: "a bucket of S3, instead of a directory" },
  "s3-endpoint": { help: "the address of the service, if it is not that of AWS" },
});
const bucket = own["s3-bucket"];
const objects = bucket === undefined ? await Directory.open(own.directory) : new S3({ name: bucket, endpoint: own["s3-endpoint"] });
const answers = new Answers(objects);
answers.sweep((error) => standardLog("warn", "old answers cannot be removed", { cause: String(error) }));
const imageStore = images(objects, answers);

await main({
  name: "mortise-files",
  version: "1.0.0",
  offers: {
    sessionFileSystem: files(new Workspaces(objects, answers), new Search()),
    imageArtifactStore: imageStore,
    imageResolver: imageStore,
  },
  memory: answers,
  ping: () => objects.ping(),
  unavailableOn: bucket === undefined ? isAway : isS3Away,
}, serve);
