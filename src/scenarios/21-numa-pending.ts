import type { Scenario } from "./scenario.js";
import { base, loadPage, mapPages, pagesOf, rangeOf, storePage } from "./words.js";

export const numaPending: Scenario = {
  name: "numa-pending",
  aliases: [],
  title: "a pending flush is a bool, and somebody else takes it back",
  bug: "B17(a)",
  commits: ["16af97dc5a89"],
  kernels: "3.13 to 4.12",
  vulnerable: "4.13~16af97dc5a89",
  fixed: "4.13",
  editions: ["4.13~16af97dc5a89", "4.13"],
  known:
    "the commit's own text and diff [T: 16af97dc5a89]; ptep_clear_flush and pte_accessible in source [S: " +
    "6.1.192]; that base pages are hit as huge ones are is [D].",
  story:
    "Two threads of A turn pages into NUMA hints, each with its own flush at the end, and each says so in " +
    "mm->tlb_flush_pending. One finishes and clears the flag although the other is not done. Migration unmaps the" +
    " second page, finds an entry that hardware cannot use and no flush pending, and does not flush. The page is " +
    "copied and freed; CPU1 still writes to it.",
  geometry: "tiny",
  mms: ["A", "B"],
  cpus: ["A", "A", "A", "B"],
  files: [],
  pageFiles: [{ pages: 2 }],
  setup: [{ cpu: 0, mm: "A", calls: [mapPages(base(1), 2), loadPage(base(1)), storePage(base(1, 1))] }],
  cases: [
    {
      name: "migrate",
      tasks: [
        { name: "A1", cpu: 0, mm: "A", calls: [rangeOf("numa-scan", base(1), 1)] },
        { name: "A2", cpu: 2, mm: "A", calls: [rangeOf("numa-scan", base(1, 1), 1)] },
        { name: "M", cpu: 3, mm: "B", calls: [pagesOf("migrate-page", 1, 2)] },
      ],
    },
  ],
  always: ["STALE_TRANSLATION", "STALE_WALK", "RIGHTS_OUTLIVE_CALL", "WRITE_LOST"],
  sometimes: ["REMOTE_HOLDER", "PAGE_FREED", "REMOTE_FLUSH"],
};
