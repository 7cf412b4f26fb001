import type { Scenario } from "./scenario.js";
import { alone, base, loadPage, mapPages, ordinaryPages, rangeOf, VM_HUGEPAGE } from "./words.js";

export const hugeZero: Scenario = {
  name: "huge-zero",
  aliases: [],
  title: "the huge zero page is freed before it is flushed",
  bug: "B28",
  commits: ["aa88b68c3b1d"],
  kernels: "3.8 to 4.5",
  vulnerable: "4.6~aa88b68c3b1d",
  fixed: "4.6",
  editions: ["4.6~aa88b68c3b1d", "4.6"],
  known:
    "the commit's text and diff [T: aa88b68c3b1d]; the shrinker read in source [S: 6.1.192]. Since 4.8 the " +
    "reference belongs to the mm [M: 6fcb52a56ff6].",
  story:
    "A thread gives back huge memory that was only read: its entry maps the huge zero page. The entry is cleared " +
    "and the page's reference dropped at once, the flush comes later. The shrinker finds that nobody maps the " +
    "page and frees it. CPU1 still reads it, and no longer reads zeros.",
  ...ordinaryPages,
  pageFiles: [],
  setup: [{ cpu: 0, mm: "A", calls: [mapPages(base(1), 2, 0, -1, VM_HUGEPAGE), loadPage(base(1))] }],
  cases: [
    {
      name: "shrink",
      tasks: [
        { name: "A1", cpu: 0, mm: "A", calls: [rangeOf("dontneed", base(1), 2)] },
        { name: "S", cpu: 2, mm: "B", calls: [alone("shrink-huge-zero")] },
      ],
    },
  ],
  always: ["STALE_TRANSLATION", "STALE_WALK", "RIGHTS_OUTLIVE_CALL", "WRITE_LOST"],
  sometimes: ["REMOTE_HOLDER", "PAGE_FREED", "REMOTE_FLUSH"],
};
