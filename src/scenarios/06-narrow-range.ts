import type { Scenario } from "./scenario.js";
import { at, awaitClear, mapFile, touch, truncate } from "./words.js";

export const narrowRange: Scenario = {
  name: "narrow-range",
  aliases: ["017b1660df89", "dff11abe280b", "3d0b95cd87b2"],
  title: "a shared table goes as a whole, one page is flushed",
  bug: "B5",
  commits: ["017b1660df89", "dff11abe280b", "3d0b95cd87b2"],
  kernels: "migration up to 4.18, mremap 5.16 to 5.19",
  vulnerable: "5.19~3d0b95cd87b2",
  fixed: "5.19",
  known: "mremap's range read in source [S: 4838] and in what 8ce720d5bd91 removed [T]; migration from memory [M].",
  story:
    "Someone works on one huge page of a GiB that A and B share: a migration, or an mremap of that page. The " +
    "table is left as a whole (or, before 4.19, emptied for everybody), but the flush covers one page of one mm. " +
    "What other CPUs cached of the rest is freed under them by B's truncate.",
  geometry: "tiny",
  mms: ["A", "B", "C"],
  cpus: ["A", "A", "B", "C"],
  files: [2],
  setup: [
    { cpu: 0, mm: "A", calls: [mapFile(1, 1), touch(1, 0), touch(1, 1)] },
    { cpu: 2, mm: "B", calls: [mapFile(1, 1), touch(1, 0)] },
  ],
  cases: [
    {
      name: "migrate",
      tasks: [
        {
          name: "C1",
          cpu: 3,
          mm: "C",
          calls: [{ call: "migrate", args: { file: 0, start: 0, end: 1 } }, truncate(0, 2)],
        },
      ],
    },
    {
      name: "mremap",
      since: "5.16",
      tasks: [
        {
          name: "A1",
          cpu: 0,
          mm: "A",
          calls: [{ call: "mremap", args: { start: at(1, 0), end: at(1, 1), to: at(2, 0) } }],
        },
        { name: "B1", cpu: 2, mm: "B", calls: [awaitClear(0, 1), truncate(0, 2)] },
      ],
    },
  ],
  always: ["FLUSH_AFTER_UNLOCK", "STALE_TRANSLATION", "STALE_WALK"],
  sometimes: ["UNSHARED", "REMOTE_HOLDER", "PAGE_FREED"],
};
