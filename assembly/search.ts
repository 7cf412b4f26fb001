/**
 * The exports of the search's module: the whole core, built so that each step can be undone, and the exhaustive search.
 */

export { explore, exploreStart } from "./explore/exhaustive";
export { splitExport, splitImport, splitKeep } from "./explore/layers";
export { agentInto, followSearch, loggedStep, parentOf, pathTo, pathWords, restartSearch } from "./explore/paths";
export { searchWords, watchList } from "./explore/space";
export * from "./explore/split";
export { usesBytes, usesOfObligation, usesOfStep } from "./explore/uses";
export * from "./index";
