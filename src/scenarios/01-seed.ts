import { awaitClear, exit, LEVEL, munmap, type Scenario, sharedGib, truncate } from "./scenario.js";

const leaver = { name: "A1", cpu: 0, mm: "A", calls: [munmap(1, 1)] };

export const seed: Scenario = {
  name: "seed",
  aliases: ["CVE-2021-4002"],
  title: "unshare without flush: munmap against the last sharer",
  bug: "B1",
  cve: ["CVE-2021-4002"],
  commits: ["24669e58477e", "a4a118f2eead"],
  kernels: "3.6 to 5.16-rc2; stable 5.15.5",
  vulnerable: "5.19~a4a118f2eead",
  fixed: "5.19",
  alsoFinds: [LEVEL],
  known: "both ends of the change read in source [S: 2466, a4a1]; the races follow from the commit's own text.",
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
