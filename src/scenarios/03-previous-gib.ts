import type { Scenario } from "./scenario.js";
import { LEVEL, mapFile, munmap, touch, truncate } from "./words.js";

export const previousGib: Scenario = {
  name: "previous-gib",
  aliases: ["48381273f873"],
  title: "the seed's own fix records the previous GiB",
  bug: "B4",
  commits: ["a4a118f2eead", "48381273f873"],
  kernels: "5.16 to 5.18.2",
  vulnerable: "5.19~48381273f873",
  fixed: "5.19",
  alsoFinds: [LEVEL],
  known: "both forms of the address read in source [S: a4a1, 4838]; that it matters to flushes is derived [D].",
  story:
    "A unmaps two whole GiBs that it shares with B. After each unshare huge_pmd_unshare() has moved the address " +
    "to the last huge page before the GiB when the GiB began right there, so the GiB below is recorded: of two " +
    "GiBs, the last is missing from the flush. Machines that flush everything when so much is asked for hide it.",
  geometry: "tiny",
  mms: ["A", "B"],
  cpus: ["A", "A", "B"],
  files: [4],
  setup: [
    { cpu: 0, mm: "A", calls: [mapFile(1, 2), touch(1, 0), touch(2, 0)] },
    { cpu: 2, mm: "B", calls: [mapFile(1, 2), touch(1, 0), touch(2, 0)] },
  ],
  cases: [
    {
      name: "munmap",
      tasks: [
        { name: "A1", cpu: 0, mm: "A", calls: [munmap(1, 2)] },
        { name: "B1", cpu: 2, mm: "B", calls: [truncate(0, 4)] },
      ],
    },
  ],
  always: ["RANGE_NOT_RECORDED", "FLUSH_AFTER_UNLOCK", "STALE_TRANSLATION", "STALE_WALK"],
  sometimes: ["UNSHARED", "REMOTE_HOLDER", "PAGE_FREED"],
};
