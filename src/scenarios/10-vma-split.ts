import type { Scenario } from "./scenario.js";
import { at, LEVEL, READ_ONLY, sharedGib, truncate } from "./words.js";

export const vmaSplit: Scenario = {
  name: "vma-split",
  aliases: [],
  title: "a table is shared again between the unshare and the split",
  bug: "B6",
  cve: ["CVE-2025-38084"],
  commits: ["b30c14cd6102", "081056dc00a2"],
  kernels: "2.6.20 to 6.15; stable 5.10.239, 5.15.186, 6.1.142, 6.6.95, 6.12.35, 6.15.4",
  vulnerable: "6.16~081056dc00a2",
  fixed: "6.16",
  editions: ["6.16", "7.1"],
  alsoFinds: [LEVEL],
  known: "both ways of the split in the diffs of the two commits [T]; faults under the per-VMA lock from memory [M].",
  story:
    "A1 changes the protection of one huge page of a GiB that A and B share. The VMA must be split there, so the " +
    "table is unshared first, and the locks for that are dropped. A2's fault, under the per-VMA lock, shares the " +
    "table again. Now a VMA that is smaller than the GiB maps it: the unshare that follows takes the whole GiB away " +
    "and flushes the small VMA's part. B truncates the file, and A2's CPU goes on using a page of the other part.",
  ...sharedGib,
  cases: [
    {
      name: "mprotect",
      tasks: [
        {
          name: "A1",
          cpu: 0,
          mm: "A",
          calls: [{ call: "mprotect", args: { start: at(1, 1), end: at(2), prot: READ_ONLY } }],
        },
        { name: "A2", cpu: 1, mm: "A", calls: [{ call: "load", args: { start: at(1, 0) } }] },
        { name: "B1", cpu: 2, mm: "B", calls: [truncate(0, 2)] },
      ],
    },
  ],
  always: ["FLUSH_AFTER_UNLOCK", "STALE_TRANSLATION", "STALE_WALK"],
  sometimes: ["UNSHARED", "SHARED", "REMOTE_HOLDER", "PAGE_FREED"],
};
