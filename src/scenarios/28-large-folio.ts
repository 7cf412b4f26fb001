import type { Scenario } from "./scenario.js";
import { base, loadPage, mapPages, ordinaryPages, pagesOf } from "./words.js";

export const largeFolio: Scenario = {
  name: "large-folio",
  aliases: [],
  title: "a large folio is freed before the flush that reclaim has deferred",
  bug: "B16",
  commits: ["bc2ff4cbc329"],
  kernels: "to 6.8; stable 6.1.178",
  vulnerable: "7.1~bc2ff4cbc329",
  fixed: "7.1",
  editions: ["7.1~bc2ff4cbc329", "7.1"],
  known:
    "the inline free read in source [S: 6.1.192 with its repair]; reports of the stable series [T]. That " +
    "bc2ff4cbc329 is the commit that repaired mainline by the way is [M].",
  story:
    "Reclaim unmaps a large folio of a file with a deferred flush. Small pages wait for that flush in a batch; a " +
    "large folio is destroyed on the spot. Its memory is handed out again while CPU1 still reads or runs it: " +
    "random SIGSEGV and SIGILL in production.",
  ...ordinaryPages,
  pageFiles: [{ pages: 1, large: true }],
  setup: [{ cpu: 0, mm: "A", calls: [mapPages(base(1), 2), loadPage(base(1))] }],
  cases: [{ name: "reclaim", tasks: [{ name: "R", cpu: 2, mm: "B", calls: [pagesOf("reclaim", 0, 1)] }] }],
  always: ["STALE_TRANSLATION", "STALE_WALK", "RIGHTS_OUTLIVE_CALL", "WRITE_LOST"],
  sometimes: ["REMOTE_HOLDER", "DEFERRED", "PAGE_FREED", "REMOTE_FLUSH"],
};
