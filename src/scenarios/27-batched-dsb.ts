import type { Scenario } from "./scenario.js";
import { base, dirtyPages, pagesOf, rangeOf } from "./words.js";

export const batchedDsb: Scenario = {
  name: "batched-dsb",
  aliases: [],
  title: "arm64 waits for broadcasts that another CPU has issued",
  bug: "B15(d)",
  commits: ["4b634918384c"],
  kernels: "6.7 to 6.15; stable 6.12.35",
  vulnerable: "7.1~4b634918384c",
  fixed: "7.1",
  editions: ["7.1~4b634918384c", "7.1"],
  known:
    "both ends read in source [S: 6.12.117]; that a DSB completes only its own CPU's TLBI is the architecture's " +
    "rule [M].",
  story:
    "On arm64 reclaim broadcasts each invalidation at once and waits for all of them at the end. mprotect finds " +
    "that a flush is owed and executes a DSB of its own: that does not wait for another CPU's broadcasts. " +
    "mprotect returns, and CPU1 still writes to the page.",
  ...dirtyPages(1),
  cases: [
    {
      name: "mprotect",
      tasks: [
        { name: "A1", cpu: 0, mm: "A", calls: [rangeOf("mprotect", base(1), 1)] },
        { name: "R", cpu: 2, mm: "B", calls: [pagesOf("reclaim", 0, 1)] },
      ],
    },
  ],
  always: ["STALE_TRANSLATION", "STALE_WALK", "RIGHTS_OUTLIVE_CALL", "WRITE_LOST"],
  sometimes: ["REMOTE_HOLDER", "DEFERRED", "REMOTE_FLUSH"],
};
