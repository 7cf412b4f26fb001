import type { Scenario } from "./scenario.js";
import { base, loadPage, mapPages, ordinaryPages, truncatePages } from "./words.js";

export const mremapFlush: Scenario = {
  name: "mremap-flush",
  aliases: [],
  title: "mremap flushes after the page-table locks are dropped",
  bug: "B12",
  cve: ["CVE-2018-18281"],
  commits: ["eb66ae030829"],
  kernels: "3.2 to 4.18",
  vulnerable: "7.1~eb66ae030829",
  fixed: "7.1",
  editions: ["7.1~eb66ae030829", "7.1"],
  known:
    "order of locks, moves and flush read in source [S: mm/mremap.c of 6.1.192 and 7.0rc6]; the order before the fix " +
    "in patches [T: eb66ae030829, 5d1904204c99]. Moves of whole tables (5.1) are left out: one page moves.",
  story:
    "A thread of A moves a page of a file to another address: both page-table locks are held, the entry goes over, " +
    "the locks are dropped, and the flush comes when everything has moved. In between another process truncates the " +
    "file. It finds the page at its new address, clears and flushes that one, and frees the page. CPU1 still reaches " +
    "it at the old address. The repair flushes before either lock is dropped.",
  ...ordinaryPages,
  pageFiles: [{ pages: 1 }],
  setup: [{ cpu: 0, mm: "A", calls: [mapPages(base(1), 1), loadPage(base(1))] }],
  cases: [
    {
      name: "truncate",
      tasks: [
        {
          name: "A1",
          cpu: 0,
          mm: "A",
          calls: [{ call: "mremap", args: { start: base(1), end: base(1) + 1, to: base(2) } }],
        },
        { name: "B1", cpu: 2, mm: "B", calls: [truncatePages(0, 1)] },
      ],
    },
  ],
  always: ["FLUSH_AFTER_UNLOCK", "STALE_TRANSLATION", "STALE_WALK", "RIGHTS_OUTLIVE_CALL"],
  sometimes: ["MOVED", "REMOTE_HOLDER", "REMOTE_FLUSH", "PAGE_FREED"],
};
