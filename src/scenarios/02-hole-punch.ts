import type { Scenario } from "./scenario.js";
import { LEVEL, mapFile, punch, touch } from "./words.js";

export const holePunch: Scenario = {
  name: "hole-punch",
  aliases: [],
  title: "unshare without flush: one hole punch over two processes",
  bug: "B1",
  commits: ["24669e58477e", "a4a118f2eead"],
  vulnerable: "5.19~a4a118f2eead",
  fixed: "5.19",
  alsoFinds: [LEVEL],
  known: "the unmap read in source [S: a4a1]; hugetlbfs_punch_hole from memory [M], its shape read in 7.0 [S: 7.0rc6].",
  story:
    "A and B share a PMD table; C punches a hole in the file. In one i_mmap section A's mapping is unshared " +
    "without a flush, then B's, the last one, is cleared and B alone is flushed. The pages leave the page cache " +
    "and are freed while A's CPU still translates to them. A thread of A reads meanwhile.",
  geometry: "tiny",
  mms: ["A", "B", "C"],
  cpus: ["C", "A", "B"],
  files: [2],
  setup: [
    { cpu: 1, mm: "A", calls: [mapFile(1, 1), touch(1, 0), touch(1, 1)] },
    { cpu: 2, mm: "B", calls: [mapFile(1, 1), touch(1, 0)] },
  ],
  cases: [
    {
      name: "punch",
      tasks: [
        { name: "C1", cpu: 0, mm: "C", calls: [punch(0, 2)] },
        { name: "A1", cpu: 1, mm: "A", calls: [{ call: "load", args: { start: 6 } }] },
      ],
    },
  ],
  always: ["FLUSH_AFTER_UNLOCK", "STALE_TRANSLATION", "STALE_WALK"],
  sometimes: ["UNSHARED", "REMOTE_HOLDER", "PAGE_FREED"],
};
