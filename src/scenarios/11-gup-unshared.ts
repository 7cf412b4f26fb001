import type { Scenario } from "./scenario.js";
import { at, awaitClear, HUGETLB_SHARED, LEVEL, munmap, READ_WRITE, sharedGib, touch } from "./words.js";

/** B puts a page of another file where the second page of the GiB was; the table stays. */
const reuse = [
  { call: "munmap", args: { start: at(1, 1), end: at(2) } },
  {
    call: "mmap",
    args: { start: at(1, 1), end: at(2), file: 2, offset: 0, flags: HUGETLB_SHARED, prot: READ_WRITE },
  },
  touch(1, 1),
];

export const gupUnshared: Scenario = {
  name: "gup-unshared",
  aliases: [],
  title: "gup_fast inside a table that is unshared",
  bug: "B7",
  cve: ["CVE-2025-38085"],
  commits: ["1013af4f585f", "8ce720d5bd91"],
  kernels: "2.6.20 to 6.15; stable 5.10.239, 5.15.186, 6.1.142, 6.6.95, 6.12.35, 6.15.4",
  vulnerable: "6.16~1013af4f585f",
  fixed: "6.16",
  editions: ["5.19", "6.16", "7.1"],
  alsoFinds: [LEVEL],
  known: "the walk read in source [S: 7.0rc6], what it relies on and the repair in the commits' diffs [T].",
  story:
    "A2 pins a page without a lock: it has read the PUD entry and is inside the table that A and B share, with its " +
    "interrupts off. A1 unmaps the GiB: the table is unshared and flushed, on some machines without an interrupt. " +
    "B has the table for itself now, unmaps a page of it and maps another file there. A2 reads that entry, finds it " +
    "unchanged, and has pinned a page that A never had.",
  ...sharedGib,
  files: [2, 1],
  cases: [
    {
      name: "munmap",
      tasks: [
        { name: "A1", cpu: 0, mm: "A", calls: [munmap(1, 1)] },
        { name: "A2", cpu: 1, mm: "A", calls: [{ call: "pin", args: { start: at(1, 1) } }] },
        { name: "B1", cpu: 2, mm: "B", calls: [awaitClear(0, 1), ...reuse] },
      ],
    },
  ],
  always: ["WALKER_INSIDE"],
  sometimes: ["UNSHARED", "PINNED"],
};
