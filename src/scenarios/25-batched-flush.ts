import type { Scenario } from "./scenario.js";
import { base, dirtyPages, pagesOf, rangeOf, unmapPages } from "./words.js";

export const batchedFlush: Scenario = {
  name: "batched-flush",
  aliases: [],
  title: "munmap and mprotect believe in an entry that reclaim has emptied",
  bug: "B15(a)",
  commits: ["3ea277194daa"],
  kernels: "4.3 to 4.12",
  vulnerable: "7.1~3ea277194daa",
  fixed: "7.1",
  editions: ["7.1~3ea277194daa", "7.1"],
  known:
    "reclaim and flush_tlb_batched_pending read in source [S: 6.1.192, 7.0rc6]; the race in the commit's text [T:" +
    " 3ea277194daa].",
  story:
    "Reclaim clears the entry of a dirty page under its table's lock and leaves the flush for later. A thread of " +
    "A unmaps the page, or makes it read-only, finds an empty entry, has nothing to flush and returns. CPU1 still" +
    " writes through its old entry. The repair notes in the mm that a flush is owed, and who takes the lock looks" +
    " there first.",
  ...dirtyPages(1),
  cases: [
    {
      name: "munmap",
      tasks: [
        { name: "A1", cpu: 0, mm: "A", calls: [unmapPages(base(1), 1)] },
        { name: "R", cpu: 2, mm: "B", calls: [pagesOf("reclaim", 0, 1)] },
      ],
    },
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
