/** @file The API reference, of whatever package.json exports. */

import { readFileSync } from "node:fs";

const { exports } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));
const entryPoints = Object.values(exports)
  .flatMap((conditions) => [conditions.types, conditions.browser?.types])
  .filter((types) => types !== undefined)
  .map((types) => types.replace("./dist/", "./src/").replace(/\.d\.ts$/, ".ts"));

/** @type {Partial<import("typedoc").TypeDocOptions>} */
const options = {
  entryPoints,
  tsconfig: "tsconfig.build.json",
  // The sources are checked by another compiler; this one only reads them.
  skipErrorChecking: true,
  out: "docs-api",
  readme: "none",
  // No place on the web is known that would show them.
  disableSources: true,
  blockTags: ["@file", "@example", "@param", "@returns", "@throws"],
  excludeExternals: true,
  hideGenerator: true,
  // Lists of which only the names are a type.
  intentionallyNotExported: ["optimizers", "compressors"],
  treatWarningsAsErrors: true,
  validation: { notExported: true, invalidLink: true, notDocumented: true },
  requiredToBeDocumented: ["Class", "Function", "Interface", "TypeAlias", "Variable"],
};
export default options;
