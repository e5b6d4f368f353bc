// Workspaces and images in a directory.

import { main, readArguments, standardLog } from "@mortise/adapter";
import { Answers } from "./answers.js";
import { Directory, isAway } from "./directory.js";
import { files } from "./files.js";
import { images } from "./images.js";
import { Search } from "./search.js";
import { Workspaces } from "./workspaces.js";

const { serve, own } = readArguments({
  directory: { help: "where the data lie", default: "mortise-files" },
});
const objects = await Directory.open(own.directory);
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
  unavailableOn: isAway,
}, serve);
