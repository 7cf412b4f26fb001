import type { Scenario } from "./scenario.js";
import { at, awaitClear, sharedGib, truncate } from "./words.js";

export const mremapLateFlush: Scenario = {
  name: "mremap-late-flush",
  aliases: ["13e4ad2ce8df"],
  title: "mremap of hugetlb flushes after the unlock",
  bug: "B2",
  commits: ["550a7d60bd5e", "13e4ad2ce8df"],
  kernels: "5.16-rc1 and 5.16-rc2",
  vulnerable: "5.16+~13e4ad2ce8df",
  fixed: "5.16+",
  known: "the bad order read in source [S: a4a1], the good one too [S: 4838]; the commit by its title [T].",
  story:
    "A moves a GiB that it shares with B. The table is unshared and i_mmap_rwsem dropped, and only then the old " +
    "range is flushed. In between B truncates the file and frees the pages that A's other thread can still reach. " +
    "Only 5.16-rc1 and rc2 had it: before, mremap of huge pages was refused.",
  ...sharedGib,
  cases: [
    {
      name: "mremap",
      since: "5.16",
      tasks: [
        { name: "A1", cpu: 0, mm: "A", calls: [{ call: "mremap", args: { start: at(1), end: at(2), to: at(2) } }] },
        { name: "B1", cpu: 2, mm: "B", calls: [awaitClear(0, 1), truncate(0, 2)] },
      ],
    },
  ],
  always: ["FLUSH_AFTER_UNLOCK", "STALE_TRANSLATION", "STALE_WALK"],
  sometimes: ["UNSHARED", "REMOTE_HOLDER", "PAGE_FREED"],
};
