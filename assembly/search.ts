/**
 * The exports of the search's module: the whole core, built so that each step can be undone, and the exhaustive search.
 */

export { dbg, dbgHist, dbgHist2 } from "./explore/conflicts";
export { explore, exploreStart } from "./explore/exhaustive";
export { followSearch, loggedStep, pathTo, pathWords, restartSearch } from "./explore/paths";
export { agentAt } from "./explore/places";
export { searchWords, watchList } from "./explore/space";
export * from "./index";
