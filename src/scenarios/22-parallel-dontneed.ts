import type { Scenario } from "./scenario.js";
import { base, mapPages, rangeOf, storePage } from "./words.js";

export const parallelDontneed: Scenario = {
  name: "parallel-dontneed",
  aliases: [],
  title: "two gathers over one range: the second finds nothing and flushes nothing",
  bug: "B17(b)",
  commits: ["56236a59556c", "99baac21e458"],
  kernels: "to 4.12",
  vulnerable: "7.1~56236a59556c",
  fixed: "7.1",
  editions: ["7.1~56236a59556c", "7.1"],
  known:
    "tlb_finish_mmu read in source [S: 6.1.192, 7.0rc6]; the race in the commits' texts [T: 56236a59556c, " +
    "99baac21e458].",
  story:
    "Two threads give back the same page with MADV_DONTNEED, both under mmap_lock for read. The first clears the " +
    "entry and has its flush still before it. The second finds an empty entry, has nothing to flush, and returns:" +
    " its caller believes that the old content is gone, and CPU1 still reads it.",
  geometry: "tiny",
  mms: ["A"],
  cpus: ["A", "A", "A"],
  files: [],
  pageFiles: [],
  setup: [{ cpu: 0, mm: "A", calls: [mapPages(base(1), 1, 0, -1, 0), storePage(base(1))] }],
  cases: [
    {
      name: "dontneed",
      tasks: [
        { name: "A1", cpu: 0, mm: "A", calls: [rangeOf("dontneed", base(1), 1)] },
        { name: "A2", cpu: 2, mm: "A", calls: [rangeOf("dontneed", base(1), 1)] },
      ],
    },
  ],
  always: ["STALE_TRANSLATION", "STALE_WALK", "RIGHTS_OUTLIVE_CALL", "WRITE_LOST"],
  sometimes: ["REMOTE_HOLDER", "PAGE_FREED", "REMOTE_FLUSH"],
};
