// Makes a new directory for workspaces and images: node init.js DIRECTORY

import { Directory } from "./directory.js";
import { ended } from "./ended.js";

const [root, ...rest] = process.argv.slice(2);
if (root === undefined || rest.length > 0) {
  ended("give one directory, that is empty or not there yet");
}
await Directory.create(root).catch(ended);
