// The adapter over a place for objects.

import { standardLog, type AdapterOptions } from "@mortise/adapter";
import { Answers } from "./answers.js";
import { files } from "./files.js";
import { images } from "./images.js";
import type { Objects } from "./objects.js";
import { Search } from "./search.js";
import { Workspaces } from "./workspaces.js";

export function adapterOver(objects: Objects, isAway: (error: unknown) => boolean, log = standardLog): AdapterOptions {
  const answers = new Answers(objects);
  answers.sweep((error) => log("warn", "old answers cannot be removed", { cause: String(error) }));
  const imageStore = images(objects, answers);
  return {
    name: "mortise-files",
    version: "1.0.0",
    offers: {
      sessionFileSystem: files(new Workspaces(objects, answers), new Search()),
      imageArtifactStore: imageStore,
      imageResolver: imageStore,
    },
    ping: () => objects.ping(),
    unavailableOn: isAway,
    log,
  };
}
