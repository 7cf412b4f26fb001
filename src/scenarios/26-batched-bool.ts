import type { Scenario } from "./scenario.js";
import { base, mapPages, ordinaryPages, pagesOf, rangeOf, storePage } from "./words.js";

export const batchedBool: Scenario = {
  name: "batched-bool",
  aliases: [],
  title: "the flag of a deferred flush is cleared over a younger one",
  bug: "B15(b)",
  commits: ["5ee2fa2f0636"],
  kernels: "4.13 to 5.16",
  vulnerable: "7.1~5ee2fa2f0636",
  fixed: "7.1",
  editions: ["7.1~5ee2fa2f0636", "7.1"],
  known:
    "the generations read in source [S: 7.0rc6]; the bool and the race in the commit's text [T: 5ee2fa2f0636; M: " +
    "release].",
  story:
    "mprotect finds the flag of a deferred flush and flushes the mm. Meanwhile reclaim clears another entry, in " +
    "another table, and sets the flag again. mprotect then clears it: the second flush is forgotten. The next " +
    "mprotect finds the second entry empty and the flag clear, and returns without a flush.",
  ...ordinaryPages,
  pageFiles: [{ pages: 4 }],
  setup: [{ cpu: 0, mm: "A", calls: [mapPages(base(1), 4), storePage(base(1)), storePage(base(1, 2))] }],
  cases: [
    {
      name: "mprotect",
      tasks: [
        { name: "A1", cpu: 0, mm: "A", calls: [rangeOf("mprotect", base(1), 2), rangeOf("mprotect", base(1, 2), 2)] },
        { name: "R", cpu: 2, mm: "B", calls: [pagesOf("reclaim", 0, 4)] },
      ],
    },
  ],
  always: ["STALE_TRANSLATION", "STALE_WALK", "RIGHTS_OUTLIVE_CALL", "WRITE_LOST"],
  sometimes: ["REMOTE_HOLDER", "DEFERRED", "REMOTE_FLUSH"],
};
