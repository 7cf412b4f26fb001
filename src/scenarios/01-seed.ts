import { awaitClear, exit, munmap, type Scenario, sharedGib, truncate } from "./scenario.js";

const leaver = { name: "A1", cpu: 0, mm: "A", calls: [munmap(1, 1)] };

export const seed: Scenario = {
  name: "seed",
  aliases: ["CVE-2021-4002"],
  title: "unshare without flush: munmap against the last sharer",
  bug: "B1",
  commits: ["24669e58477e", "a4a118f2eead"],
  story:
    "A and B share the PMD table of a hugetlbfs mapping; another thread of A runs on CPU1. A unmaps: its PUD " +
    "entry is cleared and a reference dropped, and nothing records that CPU1 must flush. i_mmap_rwsem is " +
    "released. B, now the only user of the table, truncates the file or exits, flushes its own CPUs, and the " +
    "pages and the table are freed. CPU1 goes on using them.",
  ...sharedGib,
  cases: [
    { name: "truncate", tasks: [leaver, { name: "B1", cpu: 2, mm: "B", calls: [awaitClear(0, 1), truncate(0, 2)] }] },
    {
      name: "exit",
      tasks: [leaver, { name: "B1", cpu: 2, mm: "B", calls: [awaitClear(0, 1), exit(), truncate(0, 2)] }],
    },
  ],
  always: ["FLUSH_AFTER_UNLOCK", "STALE_TRANSLATION", "STALE_WALK", "RIGHTS_OUTLIVE_CALL"],
  sometimes: ["UNSHARED", "REMOTE_HOLDER", "PAGE_FREED", "TABLE_FREED"],
};
