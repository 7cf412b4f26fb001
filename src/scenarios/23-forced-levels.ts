import type { Scenario } from "./scenario.js";
import { base, mapPages, rangeOf, storePage, unmapPages } from "./words.js";

export const forcedLevels: Scenario = {
  name: "forced-levels",
  aliases: [],
  title: "the forced flush of a second gather forgets freed tables",
  bug: "B17(c)",
  commits: ["dd2283f2605e", "7a30df49f63a"],
  kernels: "4.20 to 5.1",
  vulnerable: "5.1",
  fixed: "5.1+7a30df49f63a",
  editions: ["5.1", "5.1+7a30df49f63a"],
  known:
    "text and diff of the fix and its discussion [T: 7a30df49f63a]; the guard of tlb_flush_mmu_tlbonly in 5.1 is " +
    "[M: 0758cd830494].",
  story:
    "munmap frees page tables under mmap_lock for read while another thread has a gather open. It therefore " +
    "flushes by force, and for that resets its gather: the range is right, but that tables were freed is " +
    "forgotten. Machines that flush leaves only, or leave lazy CPUs alone, keep pointers to tables that are free.",
  geometry: "tiny",
  mms: ["A", "B"],
  cpus: ["A", "A", "A"],
  files: [],
  pageFiles: [],
  setup: [
    {
      cpu: 0,
      mm: "A",
      calls: [mapPages(base(1), 1, 0, -1, 0), storePage(base(1)), mapPages(base(2), 1, 0, -1, 0), storePage(base(2))],
    },
  ],
  cases: [
    {
      name: "munmap",
      tasks: [
        { name: "A1", cpu: 0, mm: "A", calls: [unmapPages(base(1), 1)] },
        { name: "A2", cpu: 2, mm: "A", calls: [rangeOf("dontneed", base(2), 1)] },
      ],
    },
  ],
  always: ["STALE_TRANSLATION", "STALE_WALK", "RIGHTS_OUTLIVE_CALL"],
  sometimes: ["REMOTE_HOLDER", "TABLE_FREED", "REMOTE_FLUSH"],
};
